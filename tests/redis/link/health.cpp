// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/link/health.hpp"

#include <chrono>
#include <string_view>
#include <system_error>

#include <asio/io_context.hpp>

#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/attempts.hpp"
#include "hawser/redis/options.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::detail;

namespace {

struct noted_loss final : redis_attempts {
  void lose(std::error_code ec, std::string_view) override {
    why = ec;
    end_attempt();
  }
  std::error_code why;
};

TEST_CASE("a connection that receives is not lost while the reply to a test is late", "[redis]") {
  asio::io_context context;
  redis_broker_options options;
  options.ping_interval = options.ping_timeout = std::chrono::milliseconds{1};
  noted_loss attempts;
  int due = 0;
  redis_health health{context, options, attempts, [&] { ++due; }};
  health.passed();
  context.run_one();
  CHECK(due == 1);
  for (int i = 0; i < 3; ++i) {
    health.received();
    context.run_one();
    CHECK_FALSE(attempts.why);
  }
  context.run_one();
  CHECK(attempts.why == redis::errc::timeout);
  CHECK(due == 1);
}

}  // namespace
