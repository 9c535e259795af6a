// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/header_fields.hpp"

#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using hawser::header_fields;

namespace {

TEST_CASE("names are found in any case, values as they were given", "[rfc9110-5.1]") {
  const header_fields fields{{"Host", "example.com"}, {"Sec-WebSocket-Version", "13"}};
  CHECK(fields.find("host") == "example.com");
  CHECK(fields.find("SEC-WEBSOCKET-VERSION") == "13");
  CHECK_FALSE(fields.find("Hos"));
  CHECK_FALSE(fields.find("Hosts"));
  CHECK_FALSE(fields.find(""));
}

TEST_CASE("repeated fields are kept, in order", "[rfc9110-5.2]") {
  const header_fields fields{{"Via", "a"}, {"Host", "h"}, {"VIA", "b"}, {"via", ""}};
  CHECK(fields.values("Via") == std::vector<std::string_view>{"a", "b", ""});
  CHECK(fields.find("Via") == "a");
  CHECK_FALSE(fields.find_only("Via"));
  CHECK(fields.find_only("host") == "h");
  CHECK_FALSE(fields.find_only("Date"));
  CHECK(fields.size() == 4);
  const auto third = *std::next(fields.begin(), 2);
  CHECK(third.name == "VIA");
  CHECK(third.value == "b");
}

TEST_CASE("fields can be iterated") {
  const header_fields fields{{"A", "1"}, {"B", "2"}};
  std::string seen;
  for (const auto field : fields) seen.append(field.name).append("=").append(field.value) += ' ';
  CHECK(seen == "A=1 B=2 ");
  CHECK(fields.text() == "A: 1\r\nB: 2\r\n");
}

TEST_CASE("an iterator moves to the next field after one was read") {
  const header_fields fields{{"A", "1"}, {"B", "2"}};
  auto at = fields.begin();
  at++;
  CHECK((*at).name == "B");
  at++;
  CHECK(at == fields.end());
}

TEST_CASE("white space around a value is not part of it", "[rfc9110-5.5]") {
  header_fields fields;
  CHECK(fields.add("A", " \t x \t y\t "));
  CHECK(fields.find("a") == "x \t y");
  CHECK(fields.text() == "A: x \t y\r\n");
}

TEST_CASE("a field that would break the lines of a head is never added", "[rfc9110-5.5]") {
  using namespace std::string_view_literals;
  const std::pair<std::string_view, std::string_view> bad[] = {
      {"X", "a\r\nSet-Cookie: evil=1"},
      {"X", "a\r"},
      {"X", "a\n"},
      {"X", "\nb"},
      {"X", "a\0b"sv},
      {"X", "\x7f"},
      {"X", "\x1b[0m"},
      {"", "a"},
      {"X:", "a"},
      {"X Y", "a"},
      {" X", "a"},
      {"X\r\nY", "a"},
      {"X\0"sv, "a"},
      {"\xC3\xA9", "a"},
  };
  for (const auto& [name, value] : bad) {
    CAPTURE(name, value);
    header_fields fields{{"Good", "1"}};
    CHECK(fields.valid());
    CHECK_FALSE(fields.add(name, value));
    CHECK_FALSE(fields.valid());
    // One invalid field empties the container, so the error cannot be missed.
    CHECK(fields.text().empty());
    CHECK_FALSE(fields.add("Also-Good", "2"));
    CHECK_FALSE(fields.valid());
    CHECK(fields.empty());
    CHECK(fields.size() == 0);
    CHECK(fields.begin() == fields.end());
    CHECK_FALSE(fields.find("Good"));
    CHECK_FALSE(header_fields{{name, value}}.valid());
  }
}

TEST_CASE("a container that has refused a field names it") {
  using namespace std::string_view_literals;
  header_fields fields{{"Good", "1"}};
  CHECK(fields.refused().empty());
  fields.add("X-Token", "secret\r\n");
  fields.add("X-Other", "\n");
  CHECK(fields.refused() == "X-Token");
  const std::pair<std::string_view, std::string_view> cut[] = {
      {"", ""}, {"X: y", "X"}, {"X\r\nY", "X"}, {" X", ""}, {"\x1b[2J", ""}};
  for (const auto& [name, shown] : cut) {
    CAPTURE(name);
    const header_fields cut_short{{name, "1"}};
    CHECK(cut_short.refused() == shown);
  }
  header_fields own{{"Name-That-Is-Too-Long-For-The-String-Object", "1"}};
  own.add((*own.begin()).name, "\n");
  CHECK(own.refused() == "Name-That-Is-Too-Long-For-The-String-Object");
}

TEST_CASE("a value may be empty, or contain a tab or bytes above ASCII", "[rfc9110-5.5]") {
  header_fields fields;
  CHECK(fields.add("A", ""));
  CHECK(fields.add("B", "x\ty"));
  CHECK(fields.add("C", "caf\xC3\xA9"));
  CHECK(fields.valid());
}

TEST_CASE("a field may be made of views of the same container") {
  header_fields fields{{"Name", "a value that is too long to lie in the string object"}};
  for (int i = 0; i < 50; ++i) fields.add((*fields.begin()).name, *fields.find("name"));
  CHECK(fields.size() == 51);
  const auto last = *std::next(fields.begin(), 50);
  CHECK(last.name == "Name");
  CHECK(last.value == (*fields.begin()).value);
}

TEST_CASE("a copied and a moved container keep their fields") {
  header_fields fields{{"A", "1"}, {"B", "2"}};
  const auto copy = fields;
  const auto moved = std::move(fields);
  CHECK(copy.text() == moved.text());
  CHECK(moved.find("B") == "2");
  CHECK(header_fields{}.empty());
  CHECK_FALSE(copy.empty());
}

}  // namespace
