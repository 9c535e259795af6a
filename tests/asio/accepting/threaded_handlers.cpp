// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/threaded_handlers.hpp"

#include <exception>
#include <functional>
#include <stdexcept>

#include "hawser/asio/threaded_server.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

class hooks : public threaded_handlers {
 public:
  using threaded_handlers::freeze;
  using threaded_handlers::report;
  using threaded_handlers::upgrade_hook;
};

TEST_CASE("the hooks of a threaded server are set once, before it runs, and are not empty") {
  hooks one;
  int reports = 0;
  one.on_error([&](const std::exception_ptr&) { ++reports; });
  one.report({});
  CHECK(reports == 1);
  CHECK_THROWS_AS(one.on_upgrade(std::function<void(threaded_upgrade&)>{}), std::invalid_argument);
  one.on_upgrade([](threaded_upgrade&) {});
  CHECK(one.upgrade_hook());
  CHECK_THROWS_WITH(one.on_upgrade([](threaded_upgrade&) {}),
                    "hawser: on_upgrade() was called before");
  CHECK_THROWS_AS(one.on_error([](std::exception_ptr) {}), std::logic_error);
  one.freeze();
  CHECK_THROWS_AS(one.on_upgrade([](threaded_upgrade&) {}), std::logic_error);
  CHECK_THROWS_AS(one.on_error([](std::exception_ptr) {}), std::logic_error);
}

TEST_CASE("a threaded server is served by functions without a result") {
  using peer = threaded_server::peer;
  const auto with_request = [](peer&, const request&) {};
  const auto without = [](auto&) {};
  const auto returns = [](peer&) { return 0; };
  const auto wrong = [](int) {};
  STATIC_REQUIRE(detail::serves<decltype(with_request), peer>());
  STATIC_REQUIRE(detail::serves<decltype(without), peer>());
  STATIC_REQUIRE_FALSE(detail::serves<decltype(returns), peer>());
  STATIC_REQUIRE_FALSE(detail::serves<decltype(wrong), peer>());
}

}  // namespace
