// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/percent.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace hawser;
using namespace std::string_view_literals;

namespace {

static_assert(detail::decodes_to("%41+b", "A b", plus_sign::space));
static_assert(!detail::decodes_to("%4", "A", plus_sign::literal));

TEST_CASE("percent-encoding is decoded to any byte, or refused as a whole", "[rfc3986-2.1]") {
  const struct {
    std::string_view encoded;
    std::optional<std::string_view> decoded;
  } table[] = {
      {"", ""},
      {"plain-._~", "plain-._~"},
      {"%41%6a%6A", "Ajj"},
      {"%c3%A9", "\xC3\xA9"},
      {"a%00b", "a\0b"sv},
      {"%0d%0A%ff", "\r\n\xFF"},
      {"%2541", "%41"},  // decoded once
      {"a+b%2B", "a+b+"},
      {"\xFF", "\xFF"},
      {"%", std::nullopt},
      {"%4", std::nullopt},
      {"a%4", std::nullopt},
      {"%%41", std::nullopt},
      {"%zz", std::nullopt},
      {"%`1", std::nullopt},
      {"%1_", std::nullopt},
      {"%4g", std::nullopt},
      {"%g4", std::nullopt},
      {"%-1", std::nullopt},
      {"%+1", std::nullopt},
      {"% 1", std::nullopt},
      {"%u00e9", std::nullopt},
      {"good%20%2", std::nullopt},
  };
  for (const auto& row : table) {
    CAPTURE(row.encoded);
    CHECK(percent_decode(row.encoded) == row.decoded);
    for (const auto other : {"Ajj"sv, "%41"sv, "a+b+"sv, "a"sv, ""sv}) {
      CHECK(detail::decodes_to(row.encoded, other, plus_sign::literal) ==
            (row.decoded.has_value() && *row.decoded == other));
    }
  }
}

TEST_CASE("a plus sign is decoded to a space only if that is requested") {
  CHECK(percent_decode("a+b%2B+", plus_sign::space) == "a b+ ");
  CHECK(percent_decode("a+b", plus_sign::literal) == "a+b");
  CHECK(detail::decodes_to("a+b", "a b", plus_sign::space));
  CHECK_FALSE(detail::decodes_to("a+b", "a b", plus_sign::literal));
}

TEST_CASE("every byte has two digits, in either case") {
  constexpr std::string_view digits = "0123456789abcdefABCDEF";
  for (const char high : digits) {
    for (const char low : digits) {
      const std::string text{'%', high, low};
      const auto value = std::stoul(text.substr(1), nullptr, 16);
      CHECK(percent_decode(text) == std::string(1, static_cast<char>(value)));
    }
  }
}

TEST_CASE("what is percent-encoded has unreserved characters only, and decodes to the same") {
  CHECK(percent_encode("a-Z_0.~") == "a-Z_0.~");
  CHECK(percent_encode("a b+c/\xFF") == "a%20b%2Bc%2F%FF");
  CHECK(percent_encode("a b+c", plus_sign::space) == "a+b%2Bc");
  CHECK(percent_encode("") == "");
  CHECK(percent_decode(percent_encode("%%41+ \n")) == "%%41+ \n");
}

}  // namespace
