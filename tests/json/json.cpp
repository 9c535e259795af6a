// SPDX-License-Identifier: BSL-1.0
#include "hawser/json/json.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "hawser/base/utf8.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::string_view_literals;

namespace {

std::string nested(std::size_t depth, std::string_view open, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += "1";
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST_CASE("a JSON text gives its value", "[R-JSON]") {
  CHECK(parse_json(R"({"a":[1,-2,3.5,"x",true,null]})") ==
        json{{"a", {1, -2, 3.5, "x", true, nullptr}}});
  CHECK(parse_json(" 5 ") == json(5));
  CHECK(parse_json(R"("")") == json(""));
  CHECK(parse_json("null") == json(nullptr));
}

TEST_CASE("what is no JSON gives nothing", "[R-JSON]") {
  for (const auto text : {""sv,
                          " "sv,
                          "{nope"sv,
                          "{}{}"sv,
                          "[1,]"sv,
                          "{\"a\"}"sv,
                          "'a'"sv,
                          "NaN"sv,
                          "Infinity"sv,
                          "-Infinity"sv,
                          "01"sv,
                          "+1"sv,
                          "1."sv,
                          "\"\n\""sv,
                          "[1] // a"sv,
                          "/**/1"sv,
                          "\"\\x\""sv,
                          "truely"sv,
                          "1e999"sv,
                          "-1e999"sv,
                          "\xff"sv,
                          "\"\xff\""sv,
                          "\"\xed\xa0\x80\""sv,
                          "\"\xc0\x80\""sv,
                          "]"sv,
                          "}"sv,
                          "\""sv,
                          "\"\\"sv,
                          "\\"sv}) {
    CAPTURE(text);
    CHECK_FALSE(parse_json(text));
    CHECK_FALSE(is_json(text));
  }
}

TEST_CASE("a byte order mark is no JSON", "[R-JSON]") {
  CHECK_FALSE(parse_json("\xEF\xBB\xBF{}"));
  CHECK_FALSE(is_json("\xEF\xBB\xBF{}"));
  CHECK_FALSE(parse_json("\xEF\xBB{}"));
  CHECK_FALSE(parse_json("{}\xEF\xBB\xBF"));
}

TEST_CASE("a zero byte does not end a JSON text", "[R-JSON]") {
  CHECK_FALSE(parse_json("{}\0"sv));
  CHECK_FALSE(parse_json("{}\0{nope"sv));
  CHECK_FALSE(is_json("{}\0"sv));
  CHECK_FALSE(parse_json("\"a\0b\""sv));
  CHECK(parse_json(R"("\u0000")") == json(std::string(1, '\0')));
}

TEST_CASE("half of a surrogate pair is no JSON", "[R-JSON]") {
  for (const auto text : {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\ud800")",
                          R"("\ud800\u0041")", R"("\udc00\ud800")", R"({"\ud800":1})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_json(text));
  }
  CHECK(parse_json(R"("\ud83d\ude00")") == json("\xF0\x9F\x98\x80"));
}

TEST_CASE("the depth of a JSON text is limited before anything is made", "[R-JSON]") {
  for (const auto& [open, close] : {std::pair{"["sv, "]"sv}, std::pair{"{\"a\":"sv, "}"sv}}) {
    CHECK(parse_json(nested(100, open, close)));
    CHECK_FALSE(parse_json(nested(101, open, close)));
    CHECK_FALSE(is_json(nested(101, open, close)));
    CHECK(parse_json(nested(3, open, close), {.max_depth = 3}));
    CHECK_FALSE(parse_json(nested(3, open, close), {.max_depth = 2}));
  }
  CHECK(parse_json("1", {.max_depth = 0}));
  CHECK_FALSE(parse_json("[]", {.max_depth = 0}));
  CHECK_FALSE(parse_json(std::string(65536, '[')));
  // What is beside each other or in a string is not deep.
  CHECK(parse_json("[[],[],[{}],{}]", {.max_depth = 3}));
  CHECK(parse_json(R"(["[[[[", "\"[[[[", "\\", {"[[[":"{{{"}])", {.max_depth = 2}));
  CHECK_FALSE(parse_json(R"(["\\",[[1]]])", {.max_depth = 2}));
}

TEST_CASE("a deep value within the caller's limits is made and destroyed", "[R-JSON]") {
  const auto text = nested(200'000, "[", "]");
  CHECK(parse_json(text, {.max_bytes = text.size(), .max_depth = 200'000}));
}

TEST_CASE("the size of a JSON text is limited in bytes", "[R-JSON]") {
  const auto text = '"' + std::string(65534, 'x') + '"';
  CHECK(parse_json(text));
  CHECK_FALSE(parse_json(text + ' '));
  CHECK(parse_json("12", {.max_bytes = 2}));
  CHECK_FALSE(parse_json("12", {.max_bytes = 1}));
  CHECK_FALSE(parse_json("", {.max_bytes = 0}));
}

TEST_CASE("integers are exact from -2^63 to 2^64-1", "[R-JSON]") {
  const auto largest = parse_json("18446744073709551615");
  REQUIRE(largest);
  CHECK(largest->is_number_unsigned());
  CHECK(largest->get<std::uint64_t>() == std::numeric_limits<std::uint64_t>::max());
  CHECK(to_text(*largest) == "18446744073709551615");
  const auto smallest = parse_json("-9223372036854775808");
  REQUIRE(smallest);
  CHECK(smallest->get<std::int64_t>() == std::numeric_limits<std::int64_t>::min());
  CHECK(to_text(*smallest) == "-9223372036854775808");
  CHECK(parse_json("9007199254740993") == json(std::uint64_t{9007199254740993}));
  CHECK(parse_json("18446744073709551616")->is_number_float());
}

TEST_CASE("of members with one name the last one counts", "[R-JSON]") {
  CHECK(parse_json(R"({"a":{"b":1},"a":2})") == json{{"a", 2}});
  CHECK(parse_json(R"({"a":1,"a":{"b":2},"c":3})") == json{{"a", {{"b", 2}}}, {"c", 3}});
  CHECK(parse_json(R"({"a":[1,2],"a":[3]})") == json{{"a", json::array({3})}});
  CHECK(parse_json(R"({"a":1,"\u0061":2})") == json{{"a", 2}});
}

TEST_CASE("the text of a value is JSON, whatever the value contains", "[R-JSON]") {
  const auto infinity = std::numeric_limits<double>::infinity();
  CHECK(to_text({{"a", infinity}, {"b", -infinity}, {"c", std::nan("")}}) ==
        R"({"a":null,"b":null,"c":null})");
  CHECK(to_text("a\xff"
                "b") ==
        "\"a\xEF\xBF\xBD"
        "b\"");
  CHECK(is_valid_utf8(to_text({{"\xed\xa0\x80", "\xc3"}})));
  CHECK(is_json(to_text({{"\xed\xa0\x80", "\xc3"}})));
  CHECK(to_text(std::string("\0\x1f\"\\", 4)) == R"("\u0000\u001f\"\\")");
  CHECK(to_text("n\xC3\xA9") == "\"n\xC3\xA9\"");
  CHECK(is_json(to_text(json::binary({1, 2}))));
}

TEST_CASE("a discarded value becomes null in a text", "[R-JSON]") {
  const auto discarded = json::parse("{nope", nullptr, false);
  CHECK(to_text(discarded) == "null");
  json value = {{"a", 1}, {"text", "<discarded>"}};
  CHECK(to_text(value) == R"({"a":1,"text":"<discarded>"})");
  value["b"] = json::array({discarded, 2});
  CHECK(to_text(value) == R"({"a":1,"b":[null,2],"text":"<discarded>"})");
}

TEST_CASE("escape_html escapes what Rails escapes", "[R-JSON]") {
  const json value = {{"<b>", "a & b </script>\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA"}};
  const auto text = to_text(value, true);
  CHECK(text == R"({"\u003cb\u003e":"a \u0026 b \u003c/script\u003e\u2028\u2029)"
                "\xE2\x80\xAA\"}");
  CHECK(parse_json(text) == value);
  CHECK(to_text("\xE2\x80", true) == "\"\xEF\xBF\xBD\"");
}

}  // namespace
