// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/extensions.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using hawser::decode_extensions;
using hawser::extension_list;

namespace {

TEST_CASE("the RFC's examples of extension lists are parsed", "[rfc-9.1]") {
  CHECK(decode_extensions("foo") == extension_list{{"foo"}});
  CHECK(decode_extensions("bar; baz=2") == extension_list{{"bar", {{"baz", "2"}}}});
  CHECK(decode_extensions("foo, bar; baz=2") == extension_list{{"foo"}, {"bar", {{"baz", "2"}}}});
  CHECK(decode_extensions("deflate-stream") == extension_list{{"deflate-stream"}});
  CHECK(decode_extensions("mux; max-channels=4; flow-control, deflate-stream") ==
        extension_list{{"mux", {{"max-channels", "4"}, {"flow-control"}}}, {"deflate-stream"}});
  CHECK(decode_extensions("private-extension") == extension_list{{"private-extension"}});
}

TEST_CASE("several offers of one extension stay apart and in order", "[rfc7692-5]") {
  CHECK(decode_extensions("permessage-deflate; server_max_window_bits=10, permessage-deflate") ==
        extension_list{{"permessage-deflate", {{"server_max_window_bits", "10"}}},
                       {"permessage-deflate"}});
}

TEST_CASE("a quoted value is the token it quotes", "[rfc-9.1]") {
  CHECK(decode_extensions(R"(x; a="10")") == extension_list{{"x", {{"a", "10"}}}});
  CHECK(decode_extensions(R"(x; a="1\0")") == extension_list{{"x", {{"a", "10"}}}});
  CHECK(decode_extensions(R"(x; a="10" ; b, y)") ==
        extension_list{{"x", {{"a", "10"}, {"b"}}}, {"y"}});
}

TEST_CASE("white space may stand between any two words", "[rfc-9.1]") {
  CHECK(decode_extensions(" \tx ;\ta = 10 ;b\t= \"c\" , y ") ==
        extension_list{{"x", {{"a", "10"}, {"b", "c"}}}, {"y"}});
  CHECK(decode_extensions("x;a=1;b") == extension_list{{"x", {{"a", "1"}, {"b"}}}});
}

TEST_CASE("empty elements are skipped, and a list may be empty", "[rfc9110-5.6.1]") {
  CHECK(decode_extensions("") == extension_list{});
  CHECK(decode_extensions(" , ,") == extension_list{});
  CHECK(decode_extensions(",x,, y,") == extension_list{{"x"}, {"y"}});
}

TEST_CASE("a parameter without a value is not one with an empty value", "[rfc-9.1]") {
  const auto list = decode_extensions("x; a");
  REQUIRE(list);
  CHECK_FALSE(list->front().parameters.front().value);
}

TEST_CASE("a malformed list is refused", "[rfc-9.1]") {
  for (const std::string_view text : {
           ";",
           "x;",
           "x; ",
           "x;;a",
           "x; ;a",
           "x;=1",
           "x; a=",
           "x; a= ;b",
           "x=1",
           "=",
           "x y",
           "x; a b",
           "x; a=1 2",
           "x; a==1",
           "x/1",
           "\"x\"",
           "x; \"a\"=1",
           "x; a=1/2",
           "x; a=\xC3\xA9",
           // Quoted strings that contain no token, or have no end.
           R"(x; a="")",
           R"(x; a="1 2")",
           R"(x; a="1,2")",
           R"(x; a="1;2")",
           R"(x; a="\"")",
           R"(x; a="1)",
           R"(x; a="1\)",
           R"(x; a="1\")",
           R"(x; a="1"2)",
           R"(x; a=1"2")",
           R"(x; a=")",
           // One bad element makes the list invalid, at any position.
           "x, y;",
           "x;, y",
           "good; a=1, bad=2, good",
       }) {
    CAPTURE(text);
    CHECK_FALSE(decode_extensions(text));
    CHECK_FALSE(decode_extensions(
        {{"Sec-WebSocket-Extensions", "first"}, {"Sec-WebSocket-Extensions", text}}));
  }
}

TEST_CASE("all fields of a head form one list", "[rfc-9.1]") {
  const hawser::header_fields fields{{"Sec-WebSocket-Extensions", "a; x=1"},
                                     {"Host", "h"},
                                     {"sec-websocket-extensions", ""},
                                     {"SEC-WEBSOCKET-EXTENSIONS", "b, c"}};
  CHECK(decode_extensions(fields) == extension_list{{"a", {{"x", "1"}}}, {"b"}, {"c"}});
  CHECK(decode_extensions(hawser::header_fields{}) == extension_list{});
  // A quoted string does not continue in the next line.
  CHECK_FALSE(decode_extensions(
      {{"Sec-WebSocket-Extensions", "a; x=\"1"}, {"Sec-WebSocket-Extensions", "2\""}}));
}

TEST_CASE("an answer is valid if each of its extensions was offered", "[rfc-9.1]") {
  const extension_list offers{{"a"}, {"b", {{"x"}}}};
  CHECK(hawser::are_offered({}, offers));
  CHECK(hawser::are_offered({{"b"}}, offers));
  CHECK(hawser::are_offered({{"b"}, {"a", {{"y", "1"}}}}, offers));
  CHECK_FALSE(hawser::are_offered({{"c"}}, offers));
  CHECK_FALSE(hawser::are_offered({{"a"}, {"A"}}, offers));
  CHECK_FALSE(hawser::are_offered({{"a"}}, {}));
}

}  // namespace
