// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/field_list.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using hawser::field_list;
using hawser::header_fields;
using elements = std::vector<std::string_view>;

namespace {

elements split(std::string_view value) {
  elements found;
  field_list list{value};
  while (const auto element = list.next()) found.push_back(*element);
  return found;
}

TEST_CASE("a list is split at its commas, without white space and empty elements",
          "[rfc9110-5.6.1]") {
  // The examples of RFC 9110 §5.6.1.2, and similar lists.
  CHECK(split("foo,bar") == elements{"foo", "bar"});
  CHECK(split("foo ,bar,") == elements{"foo", "bar"});
  CHECK(split("foo , ,bar,charlie") == elements{"foo", "bar", "charlie"});
  CHECK(split("").empty());
  CHECK(split(",").empty());
  CHECK(split(",   ,").empty());
  CHECK(split(" \t ").empty());
  CHECK(split("\tkeep-alive ,\tUpgrade\t") == elements{"keep-alive", "Upgrade"});
  CHECK(split("two words, x") == elements{"two words", "x"});
}

TEST_CASE("a comma inside a quoted string does not separate", "[rfc9110-5.6.4]") {
  CHECK(split(R"(a="x,y", b)") == elements{R"(a="x,y")", "b"});
  CHECK(split(R"(a="x\",y", b)") == elements{R"(a="x\",y")", "b"});
  CHECK(split(R"(a="\\", b)") == elements{R"(a="\\")", "b"});
  // Outside of quotes a backslash is like any other character.
  CHECK(split(R"(a\,b)") == elements{R"(a\)", "b"});
  CHECK(split(R"(a\"b,c")") == elements{R"(a\"b,c")"});
}

TEST_CASE("a quoted string without an end takes the rest of the value", "[rfc9110-5.6.4]") {
  CHECK(split(R"(a, b="x, c)") == elements{"a", R"(b="x, c)"});
  CHECK(split(R"(a="x\)") == elements{R"(a="x\)"});
  CHECK(split("\"") == elements{"\""});
}

TEST_CASE("the fields of one name form one list, in order", "[rfc9110-5.3]") {
  const header_fields fields{{"P", "a, b"}, {"Q", "x"}, {"p", ""}, {"P", ",c"}};
  elements found;
  hawser::for_each_element(fields, "p", [&](std::string_view one) { found.push_back(one); });
  CHECK(found == elements{"a", "b", "c"});
}

TEST_CASE("a token is found as a whole element, in any case, at any position", "[rfc-4.2.1]") {
  const auto has = [](std::string_view value) {
    return hawser::has_token({{"Connection", "x"}, {"connection", value}}, "Connection", "upgrade");
  };
  CHECK(has("Upgrade"));
  CHECK(has("keep-alive, UPGRADE"));
  CHECK(has("upgrade,keep-alive"));
  CHECK_FALSE(has("upgraded"));
  CHECK_FALSE(has("no-upgrade"));
  CHECK_FALSE(has("up grade"));
  CHECK_FALSE(has("\"upgrade\""));
  CHECK_FALSE(has("a=\", upgrade, \""));
  CHECK_FALSE(has(""));
}

// Compilers count the steps of a constant expression: by default at most 33 million with g++, one
// million with clang++. A split that reads the rest of the list for each element would need more
// than 33 million for these; a fixed number of steps per byte stays below 300 thousand.
template <std::size_t Size>
constexpr std::size_t count_elements(std::string_view pattern) {
  std::array<char, Size> text{};
  for (std::size_t i = 0; i < Size; ++i) text[i] = pattern[i % pattern.size()];
  field_list list{{text.data(), text.size()}};
  std::size_t count = 0;
  while (list.next()) ++count;
  return count;
}
static_assert(count_elements<8192>("a,") == 4096);
static_assert(count_elements<8192>(",") == 0);
static_assert(count_elements<8192>("\"a\",") == 2048);

}  // namespace
