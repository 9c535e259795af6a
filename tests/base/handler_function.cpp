// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/handler_function.hpp"

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "support/catch.hpp"

using namespace hawser;

namespace {

struct takes_int {
  void operator()(int) {}
};

TEST_CASE("a handler fits if its result is exactly the one that is used") {
  const auto returns_nothing = [](int) {};
  const auto returns_int = [](int) { return 0; };
  const auto returns_future = [](int) { return std::future<void>{}; };
  const auto owns = [kept = std::unique_ptr<int>{}](int) {};
  STATIC_REQUIRE(detail::handler_fits<decltype(returns_nothing), void(int)>);
  STATIC_REQUIRE(detail::handler_fits<takes_int, void(int)>);
  STATIC_REQUIRE(detail::handler_fits<void (&)(int), void(int)>);
  STATIC_REQUIRE(detail::handler_fits<std::function<void(long)>, void(int)>);
  STATIC_REQUIRE_FALSE(detail::handler_fits<decltype(returns_int), void(int)>);
  STATIC_REQUIRE_FALSE(detail::handler_fits<decltype(returns_int), bool(int)>);
  STATIC_REQUIRE_FALSE(detail::handler_fits<decltype(returns_future), void(int)>);
  STATIC_REQUIRE_FALSE(detail::handler_fits<decltype(returns_nothing), void()>);
  STATIC_REQUIRE_FALSE(detail::handler_fits<decltype(owns), void(int)>);
  STATIC_REQUIRE_FALSE(detail::handler_fits<std::nullptr_t, void(int)>);
}

TEST_CASE("a result that is a class may be converted") {
  const auto returns_int = [] { return 7; };
  STATIC_REQUIRE(detail::handler_fits<decltype(returns_int), std::optional<int>()>);
  const handler_function<std::optional<int>()> made = returns_int;
  CHECK(made() == 7);
}

TEST_CASE("a handler_function is empty like the function it is made of") {
  using made = handler_function<void(int)>;
  CHECK_FALSE(made{});
  CHECK_FALSE(made{nullptr});
  CHECK_FALSE(made{std::function<void(int)>{}});
  CHECK_FALSE(made{std::function<void(long)>{}});
  made one = [](int) {};
  CHECK(one);
  const made copy = one;
  const made moved = std::move(one);
  CHECK((copy && moved));
  made reset = copy;
  reset = nullptr;
  CHECK_FALSE(reset);
  reset = copy;
  reset = {};
  CHECK_FALSE(reset);
}

}  // namespace
