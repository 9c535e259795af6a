// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/query.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using namespace hawser;
using namespace std::string_view_literals;

namespace {

/// The parameters as `name=value`, each in brackets.
std::string listed(std::string_view query) {
  std::string text;
  query_list parameters{query};
  while (const auto one = parameters.next()) {
    text.append("[").append(one->name).append("=").append(one->value).append("]");
  }
  return text;
}

TEST_CASE("a query has parameters in their order, encoded as they were sent") {
  const struct {
    std::string_view query;
    std::string_view parameters;
  } table[] = {
      {"", ""},
      {"a=1", "[a=1]"},
      {"a=1&b=2&a=3", "[a=1][b=2][a=3]"},
      {"a", "[a=]"},
      {"a=", "[a=]"},
      {"=", "[=]"},
      {"=1", "[=1]"},
      {"a=b=c", "[a=b=c]"},
      {"&", ""},
      {"&&a=1&&&b&", "[a=1][b=]"},
      {"%41=%zz&a+b=c+d", "[%41=%zz][a+b=c+d]"},
      {"a;b=1?/", "[a;b=1?/]"},
  };
  for (const auto& row : table) {
    CAPTURE(row.query);
    CHECK(listed(row.query) == row.parameters);
  }
}

TEST_CASE("the first parameter of a name counts, with its name and its value decoded") {
  const struct {
    std::string_view query;
    std::string_view name;
    std::optional<std::string_view> value;
  } table[] = {
      {"", "", std::nullopt},
      {"a=1", "a", "1"},
      {"a=1", "A", std::nullopt},
      {"a=1", "", std::nullopt},
      {"=1", "", "1"},
      {"b=0&a=1&a=2", "a", "1"},
      {"a", "a", ""},
      {"a&a=2", "a", ""},
      {"ab=1", "a", std::nullopt},
      {"a=1", "ab", std::nullopt},
      {"%61=1", "a", "1"},
      {"first+name=x", "first name", "x"},
      {"first%2Bname=x", "first+name", "x"},
      {"a=1+2%2B3%20%26%3D", "a", "1 2+3 &="},
      {"a=%00%0d%0A", "a", "\0\r\n"sv},
      {"a=%C3%BC%ff", "a", "\xC3\xBC\xFF"},
      // A value with invalid percent-encoding is none, and no later value replaces it.
      {"a=%", "a", std::nullopt},
      {"a=%4", "a", std::nullopt},
      {"a=x%zz&a=2", "a", std::nullopt},
      {"%=1", "%", std::nullopt},
      {"%6=1&a=2", "a", "2"},
  };
  for (const auto& row : table) {
    CAPTURE(row.query, row.name);
    CHECK(find_in_query(row.query, row.name) == row.value);
  }
}

TEST_CASE("a repeated parameter has several values, all of them valid") {
  using values = std::vector<std::string>;
  CHECK(find_all_in_query("a=1&b=2&%61=3&a", "a") == values{"1", "3", ""});
  CHECK(find_all_in_query("a=1&b=%zz", "a") == values{"1"});
  CHECK(find_all_in_query("a=1&a=%zz&a=3", "a").empty());
  CHECK(find_all_in_query("", "a").empty());
}

}  // namespace
