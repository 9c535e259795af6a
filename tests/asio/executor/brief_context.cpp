// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/executor/brief_context.hpp"

#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "support/catch.hpp"
#include "support/eventually.hpp"

using hawser::detail::brief_context;
using hawser::test::eventually;

namespace {

/// Whether the object is destroyed soon.
bool expires(const std::weak_ptr<int>& held) {
  return eventually([&] { return held.expired(); });
}

TEST_CASE("a brief context runs until it is stopped, and then runs the handlers that are ready") {
  int calls = 0;
  {
    brief_context context;
    for (int i = 0; i < 3; ++i) asio::post(context.get_executor(), [&] { ++calls; });
    context.run_until([&] { return calls == 2; });
    CHECK(calls == 2);
  }
  CHECK(calls == 3);
}

TEST_CASE("a brief context that is not stopped ends with its work") {
  brief_context context;
  context.run_until([] { return false; });
}

TEST_CASE("a brief context does not wait for its work, which ends on another thread") {
  auto value = std::make_shared<int>();
  const std::weak_ptr<int> held = value;
  {
    brief_context context;
    const auto timer =
        std::make_shared<asio::steady_timer>(context.get_executor(), std::chrono::hours{1});
    timer->async_wait([timer, value = std::move(value)](std::error_code) {});
  }
  CHECK(expires(held));
}

}  // namespace
