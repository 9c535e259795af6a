// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/link/connector.hpp"

#include <string_view>
#include <system_error>

#include <asio/io_context.hpp>

#include "hawser/redis/address.hpp"
#include "hawser/redis/link/attempts.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::detail;

namespace {

struct ended_attempts final : redis_attempts {
  void lose(std::error_code, std::string_view) override { end_attempt(); }
};

TEST_CASE("the end of an earlier resolution does not hide the present one", "[redis]") {
  asio::io_context context;
  ended_attempts attempts;
  redis_socket socket{context};
  const redis_address where{.host = "localhost"};
  redis_connector connector{context, where, socket, attempts, [] {}};
  CHECK_FALSE(connector.is_resolving());
  connector.start();
  connector.cancel();
  attempts.lose({}, {});
  connector.start();
  context.run_one();
  CHECK(connector.is_resolving());
  connector.cancel();
  attempts.lose({}, {});
  context.run();
  CHECK_FALSE(connector.is_resolving());
}

}  // namespace
