// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/hex.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"
#include "support/catch.hpp"

namespace hex_tests {

using namespace hawser;

TEST_CASE("a hexadecimal digit has a value in either case, other characters have none",
          "[rfc4648-8]") {
  constexpr std::string_view lower = "0123456789abcdef";
  constexpr std::string_view upper = "0123456789ABCDEF";
  for (int value = 0; value < 256; ++value) {
    const auto c = static_cast<char>(value);
    const auto digit = detail::decode_hex_digit(c);
    const auto found = (std::min)(lower.find(c), upper.find(c));
    CAPTURE(value);
    CHECK(digit.has_value() == (found != std::string_view::npos));
    if (digit) CHECK(*digit == found);
  }
}

TEST_CASE("two hexadecimal digits stand for a byte", "[rfc4648-8]") {
  CHECK(detail::decode_hex_byte('7', 'f') == 0x7F);
  CHECK(detail::decode_hex_byte('F', '0') == 0xF0);
  CHECK_FALSE(detail::decode_hex_byte('g', '0'));
  CHECK_FALSE(detail::decode_hex_byte('0', ' '));
}

TEST_CASE("bytes are written as two lower-case digits each", "[rfc4648-8]") {
  CHECK(detail::to_hex(as_bytes(std::string_view{"\x00\x7F\xFF", 3})) == "007fff");
  CHECK(detail::to_hex(bytes_view{}).empty());
  std::string text{"0x"};
  detail::append_hex(text, std::byte{0xA5});
  CHECK(text == "0xa5");
}

}  // namespace hex_tests
