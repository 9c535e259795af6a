// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/ascii.hpp"

#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace std::string_view_literals;

namespace {

static_assert(hawser::iequals("WebSocket", "wEBsOCKET"));
static_assert(hawser::is_token("Sec-WebSocket-Key"));
static_assert(hawser::trim_whitespace(" \t a b\t ") == "a b");

template <class Predicate>
std::string all(Predicate predicate) {
  std::string found;
  for (int value = 0; value < 256; ++value) {
    if (predicate(static_cast<char>(value))) found += static_cast<char>(value);
  }
  return found;
}

TEST_CASE("only ASCII letters have a case") {
  for (int value = 0; value < 256; ++value) {
    const auto c = static_cast<char>(value);
    CAPTURE(value);
    CHECK(hawser::to_lower(c) ==
          (value >= 'A' && value <= 'Z' ? static_cast<char>(value + 32) : c));
  }
}

TEST_CASE("texts that differ in more than case are not equal") {
  CHECK(hawser::iequals("", ""));
  CHECK_FALSE(hawser::iequals("upgrade", "upgrad"));
  CHECK_FALSE(hawser::iequals("upgrad", "upgrade"));
  CHECK_FALSE(hawser::iequals("upgrade", "upgradf"));
  // Each pair differs only in the bit that turns a letter into lower case. None of them is a letter.
  CHECK_FALSE(hawser::iequals("[", "{"));
  CHECK_FALSE(hawser::iequals("@", "`"));
  CHECK_FALSE(hawser::iequals("\xC4", "\xE4"));
}

TEST_CASE("a token is made of letters, digits and fifteen signs", "[rfc-9110-5.6.2]") {
  CHECK(all(hawser::is_token_char) ==
        "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
  CHECK(hawser::is_token("x"));
  CHECK_FALSE(hawser::is_token(""));
  CHECK_FALSE(hawser::is_token("a b"));
  CHECK_FALSE(hawser::is_token("a\0"sv));
  CHECK_FALSE(hawser::is_token("caf\xC3\xA9"));
}

TEST_CASE("letters and digits are those of ASCII") {
  CHECK(all(hawser::is_digit) == "0123456789");
  CHECK(all(hawser::is_letter) == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("a field value has no control character but the tab", "[rfc-9110-5.5]") {
  const auto allowed = all(hawser::is_field_value_char);
  CHECK(allowed.size() == 256 - 33 + 1);
  CHECK(allowed.starts_with("\t !"));
  for (const char forbidden : "\r\n\x7F"sv) CHECK_FALSE(hawser::is_field_value_char(forbidden));
  CHECK_FALSE(hawser::is_field_value_char('\0'));
  CHECK(hawser::is_field_value_char('\xFF'));
}

TEST_CASE("trimming removes spaces and tabs at the ends, nothing else", "[rfc-9110-5.6.3]") {
  CHECK(all(hawser::is_whitespace) == "\t ");
  CHECK(hawser::trim_whitespace("") == "");
  CHECK(hawser::trim_whitespace(" \t ") == "");
  CHECK(hawser::trim_whitespace("a") == "a");
  CHECK(hawser::trim_whitespace("\ta \t b ") == "a \t b");
  CHECK(hawser::trim_whitespace("\r a\n") == "\r a\n");
}

}  // namespace
