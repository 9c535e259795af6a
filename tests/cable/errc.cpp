// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/errc.hpp"

#include <string>
#include <system_error>

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("an error of Action Cable is a std::error_code with a description") {
  const std::error_code error = cable::errc::rejected;
  CHECK(error == cable::errc::rejected);
  CHECK(error != cable::errc::unsubscribed);
  CHECK(error.category() == cable::error_category());
  CHECK(error.message() == "the subscription was rejected");
  CHECK(std::string{error.category().name()} == "hawser.cable");
  for (int value = 1; value <= static_cast<int>(cable::errc::stale); ++value) {
    CAPTURE(value);
    CHECK_FALSE(cable::describe(static_cast<cable::errc>(value)).empty());
  }
  CHECK(cable::describe(cable::errc{}).empty());
}

}  // namespace
