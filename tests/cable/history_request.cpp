// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/history_request.hpp"

#include <cstdint>
#include <optional>

#include "support/catch.hpp"

using namespace hawser::cable;

namespace {

std::optional<history_request> history_of(const char* text) {
  return parse_history_request(json::parse(text));
}

TEST_CASE("a request for history has positions and a time", "[R-EXT]") {
  const auto all = history_of(
      R"({"since":1795570575,"streams":{"chat":{"epoch":"e1","offset":1},"b":{"epoch":"","offset":0,"x":1}}})");
  REQUIRE(all);
  CHECK(all->since == 1795570575);
  CHECK(all->streams.size() == 2);
  CHECK(all->streams.at("chat") == history_position{"e1", 1});
  CHECK(all->streams.at("b") == history_position{"", 0});

  for (const auto* const text : {"{}", R"({"since":null,"streams":null})", R"({"streams":{}})"}) {
    CAPTURE(text);
    const auto none = history_of(text);
    REQUIRE(none);
    CHECK_FALSE(none->since);
    CHECK(none->streams.empty());
  }
}

TEST_CASE("a request for history may have no time, or be missing, as clients send it", "[R-EXT]") {
  const auto positions = history_of(R"({"since":false,"streams":{"a":{"epoch":"e","offset":1}}})");
  REQUIRE(positions);
  CHECK_FALSE(positions->since);
  CHECK(positions->streams.size() == 1);
  const auto missing = parse_history_request(json{});
  REQUIRE(missing);
  CHECK_FALSE(missing->since);
  CHECK(missing->streams.empty());
}

TEST_CASE("the time of a request for history is any number of seconds", "[R-EXT]") {
  CHECK(history_of(R"({"since":1.9})")->since == 1);
  CHECK(history_of(R"({"since":-5})")->since == -5);
  CHECK(history_of(R"({"since":18446744073709551615})")->since == INT64_MAX);
  CHECK_FALSE(history_of(R"({"since":1e300})"));
  CHECK_FALSE(history_of(R"({"since":-1e300})"));
}

TEST_CASE("a malformed request for history is nothing", "[R-EXT]") {
  for (const auto* const text :
       {"1", "[]", "false", R"({"since":"1"})", R"({"since":true})", R"({"streams":[]})",
        R"({"streams":{"a":1}})", R"({"streams":{"a":{}}})", R"({"streams":{"a":{"epoch":"e"}}})",
        R"({"streams":{"a":{"offset":1}}})", R"({"streams":{"a":{"epoch":1,"offset":1}}})",
        R"({"streams":{"a":{"epoch":"e","offset":-1}}})",
        R"({"streams":{"a":{"epoch":"e","offset":1.5}}})",
        R"({"streams":{"a":{"epoch":"e","offset":"1"}}})"}) {
    CAPTURE(text);
    CHECK_FALSE(history_of(text));
  }
}

}  // namespace
