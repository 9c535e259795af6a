// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/constant_time_equal.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using hawser::constant_time_equal;
using namespace std::string_view_literals;

namespace {

TEST_CASE("constant_time_equal returns true for texts with equal bytes") {
  CHECK(constant_time_equal("", ""));
  CHECK(constant_time_equal("secret", std::string{"secret"}));
  CHECK(constant_time_equal("a\0b"sv, "a\0b"sv));
  CHECK_FALSE(constant_time_equal("a\0b"sv, "a\0c"sv));
  CHECK_FALSE(constant_time_equal("secret", ""));
  CHECK_FALSE(constant_time_equal("", "secret"));
  CHECK_FALSE(constant_time_equal("secret", "secret "));
  CHECK_FALSE(constant_time_equal("secret", "secre"));
}

TEST_CASE("constant_time_equal detects any different bit") {
  const std::vector<std::byte> given(33, std::byte{0xA5});
  for (std::size_t at = 0; at < given.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto other = given;
      other[at] ^= std::byte{1} << bit;
      CHECK_FALSE(constant_time_equal(given, other));
      CHECK_FALSE(constant_time_equal(other, given));
      other[at] = given[at];
      CHECK(constant_time_equal(given, other));
    }
  }
}

}  // namespace
