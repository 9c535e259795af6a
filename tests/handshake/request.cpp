// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/request.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/handshake/http_head.hpp"
#include "support/catch.hpp"

using hawser::request;

namespace {

// What is not known counts as not given.
static_assert(!hawser::arrival{}.secure && !hawser::arrival{}.loopback &&
              !hawser::arrival{}.trusted_proxy);

TEST_CASE("a target has a path and an optional query, both still percent-encoded",
          "[rfc9112-3.2]") {
  struct expectation {
    std::string_view target;
    std::string_view path;
    std::string_view query;
    std::string_view host;
    bool good;
  };
  const expectation table[] = {
      {"/", "/", "", "h:1", true},
      {"/chat", "/chat", "", "h:1", true},
      {"/chat?", "/chat", "", "h:1", true},
      {"/a%2Fb/c?x=%20&y=?", "/a%2Fb/c", "x=%20&y=?", "h:1", true},
      {"//x/y", "//x/y", "", "h:1", true},
      // RFC 9112 §3.2.2: a whole URI, whose host replaces that of the Host field.
      {"http://example.com", "/", "", "example.com", true},
      {"http://example.com?q", "/", "q", "example.com", true},
      {"HTTPS://example.com:8443/a?q", "/a", "q", "example.com:8443", true},
      {"ws://[::1]:9/a", "/a", "", "[::1]:9", true},
      {"wss://e", "/", "", "e", true},
      // Targets that a WebSocket server cannot serve.
      {"*", "*", "", "h:1", false},
      {"example.com:443", "example.com:443", "", "h:1", false},
      {"chat", "chat", "", "h:1", false},
      {"ftp://example.com/", "ftp://example.com/", "", "h:1", false},
      {"/chat#top", "/chat#top", "", "h:1", false},
      {"http://example.com/#", "/#", "", "example.com", false},
      {"", "/", "", "h:1", false},
  };
  for (const auto& row : table) {
    CAPTURE(row.target);
    const request asked{"GET", std::string{row.target}, {{"Host", "h:1"}}};
    CHECK(asked.target() == row.target);
    CHECK(asked.path() == row.path);
    CHECK(asked.query() == row.query);
    CHECK(asked.host() == row.host);
    CHECK(asked.has_good_target() == row.good);
  }
}

TEST_CASE("a request is made of a head, or of the parts that another server has parsed") {
  hawser::http_head head{hawser::http_head::kind::request};
  auto input = hawser::as_bytes("GET /x?y HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\n\r\n");
  REQUIRE(head.next(input) == hawser::http_head::status::done);
  const request parsed{head};
  const request given{"GET", "/x?y", {{"Host", "h"}, {"Origin", "http://h"}}};
  for (const auto* asked : {&parsed, &given}) {
    CHECK(asked->method() == "GET");
    CHECK(asked->target() == "/x?y");
    CHECK(asked->header("HOST") == "h");
    CHECK(asked->origin() == "http://h");
    CHECK(asked->headers.size() == 2);
  }
}

TEST_CASE("a request owns its text") {
  request asked{"GET", "/path/long/enough/to/be/allocated", {{"Host", "example.com"}}};
  const auto copy = asked;
  const auto moved = std::move(asked);
  asked = request{};
  CHECK(copy.path() == moved.path());
  CHECK(moved.host() == "example.com");
  CHECK(copy.header("Host") == "example.com");
}

TEST_CASE("a request has a body, which is not part of its target") {
  request asked{"POST", "/x", {{"Host", "h"}}, "Hello"};
  CHECK(asked.body() == "Hello");
  CHECK(asked.target() == "/x");
  CHECK(asked.path() == "/x");
  asked.set_body("?y");
  CHECK(asked.body() == "?y");
  CHECK(asked.query().empty());
  CHECK(asked.target() == "/x");
  asked.set_body({});
  CHECK(asked.body().empty());
  const request none;
  CHECK(none.body().empty());
  static_assert(sizeof(request) <= 2 * sizeof(std::string) + 2 * sizeof(void*));
}

TEST_CASE("a missing field is distinguished from an empty one") {
  const request asked{"GET", "/", {{"X", ""}}};
  CHECK(asked.header("X") == "");
  CHECK_FALSE(asked.header("Y"));
  CHECK_FALSE(asked.origin());
  CHECK(asked.host().empty());
  CHECK_FALSE(asked.cookie("X"));
  CHECK(asked.subprotocols().empty());
  CHECK(asked.extensions() == hawser::extension_list{});
}

TEST_CASE("a cookie is found by its exact name in any of the fields", "[rfc6265-4.2]") {
  const request asked{"GET",
                      "/",
                      {{"Referer", "other=field"},
                       {"Cookie", "SID=31d4d96e407aad42; lang=en-US;empty=;;x"},
                       {"cookie", "a = b; lang=de; q=\"x=y\"; last=1"}}};
  CHECK(asked.cookie("SID") == "31d4d96e407aad42");
  CHECK(asked.cookie("lang") == "en-US");
  CHECK(asked.cookie("empty") == "");
  CHECK(asked.cookie("q") == "\"x=y\"");
  CHECK(asked.cookie("last") == "1");
  for (const auto name : {"sid", "SI", "ID", "x", "", "31d4d96e407aad42", "other"}) {
    CAPTURE(name);
    CHECK_FALSE(asked.cookie(name));
  }
}

TEST_CASE("cookies are decoded, and all of one name are found", "[rfc6265-4.2][R-AUTH]") {
  const request asked{
      "GET",
      "/",
      {{"Cookie", "a=1%2F2; user=\"john%20green\"; bad=%zz"}, {"Cookie", "a=3; bad=ok"}}};
  CHECK(asked.cookies("a") == std::vector<std::string_view>{"1%2F2", "3"});
  CHECK(asked.cookies("A").empty());
  CHECK(asked.decoded_cookie("a") == "1/2");
  CHECK(asked.decoded_cookie("user") == "john green");
  CHECK_FALSE(asked.decoded_cookie("bad"));
  CHECK_FALSE(asked.decoded_cookie("none"));
}

TEST_CASE("parameters of the query are decoded") {
  const request asked{"GET", "/chat?room=a%2Fb&name=Anna+M%C3%BC&room=2&x&bad=%zz&room=3", {}};
  CHECK(asked.query("room") == "a/b");
  CHECK(asked.queries("room") == std::vector<std::string>{"a/b", "2", "3"});
  CHECK(asked.query("name") == "Anna M\xC3\xBC");
  CHECK(asked.query("x") == "");
  CHECK_FALSE(asked.query("bad"));
  CHECK_FALSE(asked.query("none"));
  CHECK(asked.queries("none").empty());
  CHECK_FALSE(request{}.query("x"));
}

TEST_CASE("credentials come from the only Authorization field", "[rfc6750-2.1][rfc7617-2]") {
  const auto with = [](std::vector<std::string_view> values) {
    request asked{"GET", "/", {{"Host", "h"}}};
    for (const auto value : values) asked.headers.add("authorization", value);
    return asked;
  };
  const auto bearer = with({"Bearer mF_9.B5f-4.1JqM"});
  CHECK(bearer.bearer_token() == "mF_9.B5f-4.1JqM");
  CHECK_FALSE(bearer.basic_credentials());
  const auto basic = with({"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="});
  CHECK(basic.basic_credentials() == hawser::basic_credentials{"Aladdin", "open sesame"});
  CHECK_FALSE(basic.bearer_token());
  for (const auto& asked :
       {with({}), with({"Bearer a", "Bearer a"}), with({"Basic Ojo=", "Basic Ojo="})}) {
    CHECK_FALSE(asked.bearer_token());
    CHECK_FALSE(asked.basic_credentials());
  }
}

TEST_CASE("subprotocols and extensions are lists over all their fields", "[rfc-4.2.1]") {
  const request asked{"GET",
                      "/",
                      {{"Sec-WebSocket-Protocol", "chat, superchat"},
                       {"Sec-WebSocket-Extensions", "a; x=1"},
                       {"sec-websocket-protocol", ",Chat"},
                       {"sec-websocket-extensions", "b"}}};
  CHECK(asked.subprotocols() == std::vector<std::string_view>{"chat", "superchat", "Chat"});
  CHECK(asked.extensions() == hawser::extension_list{{"a", {{"x", "1"}}}, {"b"}});
  const request bad{"GET", "/", {{"Sec-WebSocket-Extensions", "a;"}}};
  CHECK_FALSE(bad.extensions());
}

}  // namespace
