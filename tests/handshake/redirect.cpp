// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/redirect.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using hawser::default_client_policy;
using hawser::response;
using hawser::uri;

namespace {

/// The URI to which `location` redirects from `text`, or nothing.
std::string redirected(std::string_view text, std::string_view location, unsigned status = 302) {
  const auto from = uri::decode(text, uri::user_info::allow);
  REQUIRE(from);
  const auto there =
      redirection(*from, response{.status = status, .headers = {{"Location", location}}});
  if (!there) return "";
  const auto user = there->user().empty() ? "" : there->user() + "@";
  return std::string{there->scheme()} + "://" + user + there->host_field() + there->target();
}

TEST_CASE("a redirection leads to another URI", "[rfc9110-15.4][rfc9110-10.2.2]") {
  const auto from = "ws://h:9001/a/b/c?q";
  CHECK(redirected(from, "ws://other/x") == "ws://other/x");
  CHECK(redirected(from, "wss://other:9002/x?y") == "wss://other:9002/x?y");
  // http: and https: stand for ws: and wss:.
  CHECK(redirected(from, "http://other") == "ws://other/");
  CHECK(redirected(from, "HTTPS://other/x") == "wss://other/x");
  CHECK(redirected(from, "//other/x") == "ws://other/x");
  CHECK(redirected("wss://h/", "//[::1]:1/x") == "wss://[::1]:1/x");
  CHECK(redirected(from, "/x/y?z") == "ws://h:9001/x/y?z");
  CHECK(redirected(from, "/x#fragment") == "ws://h:9001/x");
}

TEST_CASE("a relative reference is resolved against the URI of the request", "[rfc3986-5.4]") {
  // The examples of RFC 3986 §5.4.1 and §5.4.2 that a WebSocket's path can have.
  const std::pair<std::string_view, std::string_view> table[] = {
      {"g", "/b/c/g"},
      {"./g", "/b/c/g"},
      {"g/", "/b/c/g/"},
      {"/g", "/g"},
      {"?y", "/b/c/d;p?y"},
      {"g?y", "/b/c/g?y"},
      {"#s", "/b/c/d;p?q"},
      {"g#s", "/b/c/g"},
      {";x", "/b/c/;x"},
      {"g;x?y#s", "/b/c/g;x?y"},
      {".", "/b/c/"},
      {"./", "/b/c/"},
      {"..", "/b/"},
      {"../", "/b/"},
      {"../g", "/b/g"},
      {"../..", "/"},
      {"../../g", "/g"},
      {"../../../g", "/g"},
      {"/./g", "/g"},
      {"/../g", "/g"},
      {"g.", "/b/c/g."},
      {"..g", "/b/c/..g"},
      {"./../g", "/b/g"},
      {"./g/.", "/b/c/g/"},
      {"g/./h", "/b/c/g/h"},
      {"g/../h", "/b/c/h"},
      {"g?y/../x", "/b/c/g?y/../x"},
      {"g?u=http://other/", "/b/c/g?u=http://other/"},
      {"/a//b/", "/a//b/"},
  };
  for (const auto& [reference, target] : table) {
    CAPTURE(reference);
    CHECK(redirected("ws://a/b/c/d;p?q", reference) == "ws://a" + std::string{target});
  }
  CHECK(redirected("ws://a", "g") == "ws://a/g");
  CHECK(redirected("ws://a?x/y", "g") == "ws://a/g");
}

TEST_CASE("only some statuses redirect", "[rfc9110-15.4]") {
  for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) {
    CHECK(redirected("ws://h/", "/x", status) == "ws://h/x");
  }
  for (const unsigned status : {200U, 201U, 300U, 304U, 305U, 306U, 309U, 401U}) {
    CHECK(redirected("ws://h/", "/x", status).empty());
  }
  const auto from = *uri::decode("ws://h/");
  CHECK_FALSE(redirection(from, response{.status = 302}));
  CHECK_FALSE(redirection(
      from, response{.status = 302, .headers = {{"Location", "/a"}, {"Location", "/b"}}}));
}

TEST_CASE("a Location that is not a WebSocket URI is no redirection", "[rfc-3]") {
  for (const auto location :
       {"", "mailto:a@b", "ftp://h/", "javascript:alert(1)", "ws:x", "http:", "http://", "//",
        "ws://h:0/", "/a b", "//user@h/", "ws://u:p@h/", "h:80/x"}) {
    CAPTURE(location);
    CHECK(redirected("ws://h/", location).empty());
  }
}

TEST_CASE("no redirection leads from wss: to ws:", "[abuse]") {
  CHECK(redirected("wss://h/", "ws://h/").empty());
  CHECK(redirected("wss://h/", "http://h/").empty());
  CHECK(redirected("wss://h/", "https://other/") == "wss://other/");
  CHECK(redirected("ws://h/", "https://h/") == "wss://h/");
}

TEST_CASE("user and password are kept for the same server only", "[abuse]") {
  const auto from = "ws://u:p@h:9001/a";
  CHECK(redirected(from, "/b") == "ws://u:p@h:9001/b");
  CHECK(redirected(from, "ws://H:9001/b") == "ws://u:p@H:9001/b");
  CHECK(redirected(from, "ws://h/b") == "ws://h/b");
  CHECK(redirected(from, "ws://other:9001/b") == "ws://other:9001/b");
  CHECK(redirected(from, "wss://h:9001/b") == "wss://h:9001/b");
}

TEST_CASE("a server is a scheme, a host and a port", "[rfc6454-5]") {
  const auto same = [](std::string_view left, std::string_view right) {
    return is_same_server(*uri::decode(left), *uri::decode(right));
  };
  CHECK(same("ws://h/a", "ws://H:80/b"));
  CHECK(same("wss://h:443", "wss://h"));
  CHECK_FALSE(same("ws://h", "ws://i"));
  CHECK_FALSE(same("ws://h", "ws://h:81"));
  CHECK_FALSE(same("ws://h:443", "wss://h"));
}

TEST_CASE("a zone is kept for the same server and removed for others", "[rfc6874-4]") {
  const auto from = *uri::decode("ws://[fe80::1%25lo]:9001/a");
  const auto there = redirection(from, response{.status = 302, .headers = {{"Location", "b"}}});
  REQUIRE(there);
  CHECK(there->node() == "fe80::1%lo");
  CHECK(is_same_server(from, *there));
  CHECK_FALSE(is_same_server(from, *uri::decode("ws://[fe80::1]:9001/a")));
}

/// A request with every kind of content, as it is sent to another server.
default_client_policy sent_elsewhere(const std::vector<std::string>& safe = {}) {
  return hawser::for_another_server({.origin = "http://page.example",
                                     .subprotocols = {"chat", "token.secret"},
                                     .headers = {{"Authorization", "Basic x"},
                                                 {"X-Api-Key", "secret"},
                                                 {"Proxy-Authorization", "Basic x"},
                                                 {"Cookie", "a=b"},
                                                 {"user-agent", "u"},
                                                 {"Accept-Language", "el"},
                                                 {"accept-language", "en"}},
                                     .user_agent = "mine/2"},
                                    safe);
}

TEST_CASE("another server gets no field of a request that may contain secrets", "[abuse]") {
  const auto rest = sent_elsewhere();
  CHECK(rest.headers.text() == "user-agent: u\r\n");
  CHECK(rest.subprotocols.empty());
  CHECK(rest.origin == "http://page.example");
  CHECK(rest.user_agent == "mine/2");
}

TEST_CASE("another server gets the fields that are named as safe") {
  const auto languages = sent_elsewhere({"ACCEPT-language"});
  CHECK(languages.headers.text() ==
        "user-agent: u\r\nAccept-Language: el\r\naccept-language: en\r\n");
  const auto cookies = sent_elsewhere({"Cookie"});
  CHECK(cookies.headers.find("Cookie") == "a=b");
  const auto subprotocols = sent_elsewhere({"sec-websocket-protocol"});
  CHECK(subprotocols.subprotocols == std::vector<std::string>{"chat", "token.secret"});
  CHECK(subprotocols.headers.size() == 1);
}

TEST_CASE("a request that must not be sent is not changed") {
  CHECK_FALSE(hawser::for_another_server({.headers = {{"X", "a\r\nb"}}}, {}).headers.valid());
}

}  // namespace
