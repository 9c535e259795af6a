// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/policy.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using hawser::default_server_policy;
using hawser::request;

namespace {

request from(std::string_view origin, std::string_view host, hawser::arrival how = {}) {
  return {"GET", "/", {{"Host", host}, {"Origin", origin}}, "", how};
}

TEST_CASE("a page of the same host and port has the same origin", "[rfc-10.2][rfc6454-5]") {
  struct expectation {
    std::string_view origin;
    std::string_view host;
    bool same;
  };
  const expectation table[] = {
      {"http://example.com", "example.com", true},
      {"http://EXAMPLE.com", "example.COM", true},
      {"HTTP://example.com", "example.com", true},
      // Without a port, the default port of the origin's scheme applies.
      {"http://example.com:80", "example.com", true},
      {"http://example.com", "example.com:80", true},
      {"http://example.com", "example.com:443", false},
      {"http://example.com:8080", "example.com:8080", true},
      {"http://example.com:8080", "example.com", false},
      {"http://example.com", "example.com:8080", false},
      {"http://example.com:8080", "example.com:8081", false},
      {"http://[::1]:9001", "[::1]:9001", true},
      {"http://[::1]", "[::1]", true},
      {"http://[::1]", "[::2]", false},
      // Hosts that only look alike.
      {"http://evil.com", "example.com", false},
      {"http://example.com.evil.com", "example.com", false},
      {"http://evil-example.com", "example.com", false},
      {"http://sub.example.com", "example.com", false},
      {"http://example.com@evil.com", "example.com", false},
      {"http://evil.com/example.com", "example.com", false},
      {"http://example.com/", "example.com", false},
      {"http://evil.com#example.com", "example.com", false},
      // Values that are not the origin of a server's page.
      {"null", "example.com", false},
      {"null", "null", false},
      {"", "example.com", false},
      {"example.com", "example.com", false},
      {"//example.com", "example.com", false},
      {"http://", "example.com", false},
      {"file://", "example.com", false},
      {"ftp://example.com", "example.com", false},
      {"chrome-extension://example.com", "example.com", false},
      {"http://example.com http://example.com", "example.com", false},
  };
  for (const auto& [origin, host, same] : table) {
    CAPTURE(origin, host);
    CHECK(hawser::same_origin(from(origin, host)) == same);
    CHECK(default_server_policy{}.allow_origin(from(origin, host)) == same);
  }
}

TEST_CASE("the scheme of the same origin is the connection's, with its usual port", "[rfc6454-5]") {
  const hawser::arrival tls{.secure = true};
  CHECK(hawser::same_origin(from("https://example.com", "example.com", tls)));
  CHECK(hawser::same_origin(from("HTTPS://example.com", "example.com:443", tls)));
  CHECK(hawser::same_origin(from("https://example.com:443", "example.com", tls)));
  CHECK(hawser::same_origin(from("https://example.com:9001", "example.com:9001", tls)));
  CHECK_FALSE(hawser::same_origin(from("https://example.com", "example.com:80", tls)));
  CHECK_FALSE(hawser::same_origin(from("http://example.com", "example.com", tls)));
  CHECK_FALSE(hawser::same_origin(from("http://example.com:443", "example.com", tls)));
  CHECK_FALSE(hawser::same_origin(from("http://example.com:9001", "example.com:9001", tls)));
  CHECK_FALSE(hawser::same_origin(from("https://example.com", "example.com")));
  CHECK_FALSE(hawser::same_origin(from("https://example.com", "example.com:443")));
  CHECK_FALSE(hawser::same_origin(from("https://example.com:80", "example.com")));
}

TEST_CASE("behind a proxy that terminates TLS the same origin is https", "[rfc-10.2]") {
  for (const bool secure : {false, true}) {
    const hawser::arrival how{.secure = secure};
    const auto allows = [&](std::string_view origin, std::string_view host) {
      return hawser::same_origin_behind_tls_proxy(from(origin, host, how));
    };
    CHECK(allows("https://example.com", "example.com"));
    CHECK(allows("https://example.com", "example.com:443"));
    CHECK_FALSE(allows("http://example.com", "example.com"));
    CHECK_FALSE(allows("https://evil.com", "example.com"));
    CHECK(hawser::same_origin_behind_tls_proxy({"GET", "/", {{"Host", "example.com"}}, "", how}));
  }
}

TEST_CASE("a listener with a loopback address serves only this machine by default",
          "[rfc9110-15.5.20]") {
  const auto allows = [](const default_server_policy& policy, std::string_view host,
                         bool loopback) {
    return policy.allow_host({"GET", "/", {{"Host", host}}, "", {.loopback = loopback}});
  };
  CHECK(allows({}, "localhost:9001", true));
  CHECK(allows({}, "[::1]", true));
  CHECK_FALSE(allows({}, "evil.example", true));
  CHECK(allows({}, "evil.example", false));
  const default_server_policy listed{.allowed_hosts = {"example.com"}};
  for (const bool loopback : {false, true}) {
    CHECK(allows(listed, "example.com:9001", loopback));
    CHECK_FALSE(allows(listed, "localhost:9001", loopback));
    CHECK(allows({.allowed_hosts = {"*"}}, "evil.example", loopback));
  }
}

TEST_CASE("a client without an Origin is not a browser and may connect", "[rfc-10.2]") {
  const request asked{"GET", "/", {{"Host", "example.com"}}};
  CHECK(hawser::same_origin(asked));
  CHECK(hawser::any_origin(asked));
  CHECK(hawser::only_origins({"https://example.com"})(asked));
}

TEST_CASE("a server may allow other origins", "[rfc-10.2]") {
  const auto listed = hawser::only_origins({"https://a.example", "http://b.example:8080"});
  CHECK(listed(from("https://a.example", "api.example")));
  CHECK(listed(from("http://b.example:8080", "api.example")));
  CHECK_FALSE(listed(from("http://a.example", "api.example")));
  CHECK_FALSE(listed(from("https://a.example:444", "api.example")));
  CHECK_FALSE(listed(from("https://a.example.evil", "api.example")));
  CHECK_FALSE(listed(from("http://api.example", "api.example")));
  CHECK_FALSE(listed(from("null", "api.example")));
  CHECK(hawser::any_origin(from("http://evil.com", "example.com")));

  const default_server_policy own{.origin = [](const request& asked) {
    return asked.origin() == "app://local" && asked.path() == "/";
  }};
  CHECK(own.allow_origin(from("app://local", "h")));
  CHECK_FALSE(own.allow_origin(from("app://other", "h")));
  CHECK_FALSE(default_server_policy{.origin = nullptr}.allow_origin(from("http://h", "h")));
}

TEST_CASE("the server's preferred subprotocol among those offered is chosen", "[rfc-4.2.2]") {
  const auto choose = [](std::vector<std::string> ours, std::string_view offered) {
    const default_server_policy policy{.subprotocols = std::move(ours)};
    return policy.choose_subprotocol({"GET", "/", {{"Sec-WebSocket-Protocol", offered}}});
  };
  CHECK(choose({"chat"}, "chat") == "chat");
  CHECK(choose({"b", "a"}, "a, b, c") == "b");
  CHECK(choose({"x", "c"}, "a, b, c") == "c");
  CHECK(choose({"chat"}, "Chat") == "");
  CHECK(choose({"chat"}, "chatter") == "");
  CHECK(choose({"chat"}, "") == "");
  CHECK(choose({}, "chat") == "");
}

TEST_CASE("fields that the handshake writes itself cannot be added", "[rfc-4.1]") {
  using hawser::header_fields;
  CHECK(hawser::detail::are_addable({}));
  CHECK(hawser::detail::are_addable({{"Set-Cookie", "a=b"}, {"Origin", "x"}, {"Secret", ""}}));
  for (const std::string_view name :
       {"Host", "upgrade", "CONNECTION", "Content-Length", "transfer-encoding", "Sec-WebSocket-Key",
        "sec-websocket-accept", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions", "Sec-WebSocket-Anything"}) {
    CAPTURE(name);
    CHECK_FALSE(hawser::detail::are_addable({{"X", "y"}, {name, "z"}}));
  }
  CHECK_FALSE(hawser::detail::are_addable({{"X", "a\r\nb"}}));
}

TEST_CASE("a client offers its settings, and no extension") {
  const hawser::default_client_policy policy{
      .origin = "http://h", .subprotocols = {"a", "b"}, .headers = {{"X", "y"}}};
  const auto offer = policy.make_offer();
  CHECK(offer.origin == "http://h");
  CHECK(offer.subprotocols == std::vector<std::string>{"a", "b"});
  CHECK(offer.extensions.empty());
  CHECK(offer.headers.find("x") == "y");
  CHECK(policy.accept_extensions({}));
  CHECK_FALSE(policy.accept_extensions({{"permessage-deflate"}}));
}

}  // namespace
