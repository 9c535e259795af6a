// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/handler_from.hpp"

#include <functional>
#include <stdexcept>

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a handler is stored if it is not empty") {
  int sum = 0;
  detail::handler_from<void(int)>([&](int more) { sum += more; }, "on_x()")(3);
  CHECK(sum == 3);
  CHECK_THROWS_WITH(detail::handler_from<void(int)>(std::function<void(int)>{}, "on_x()"),
                    "hawser: on_x() got an empty function");
}

TEST_CASE("a setting is refused after the start, with the name of the setter") {
  CHECK_NOTHROW(detail::check_not_running(false, "on_x()"));
  CHECK_THROWS_WITH(detail::check_not_running(true, "on_x()"),
                    "hawser: on_x(): too late, it has started");
}

}  // namespace
