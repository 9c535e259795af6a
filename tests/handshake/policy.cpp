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

TEST_CASE("a policy allows the same origin, the pages of its list, and what its function allows",
          "[rfc-10.2][R-ORIGIN]") {
  const default_server_policy listed{.allowed_origins = {"https://*.a.example"}};
  CHECK(listed.allow_origin(from("http://api.example", "api.example")));
  CHECK(listed.allow_origin(from("https://b.a.example", "api.example")));
  CHECK_FALSE(listed.allow_origin(from("https://a.example", "api.example")));
  CHECK_FALSE(listed.allow_origin(from("null", "api.example")));

  const default_server_policy only{.origin = nullptr, .allowed_origins = {"https://a.example"}};
  CHECK(only.allow_origin(from("https://a.example", "api.example")));
  CHECK_FALSE(only.allow_origin(from("http://api.example", "api.example")));

  const default_server_policy own{.origin = [](const request& asked) {
    return asked.origin() == "app://local" && asked.path() == "/";
  }};
  CHECK(own.allow_origin(from("app://local", "h")));
  CHECK_FALSE(own.allow_origin(from("app://other", "h")));
  CHECK_FALSE(default_server_policy{.origin = nullptr}.allow_origin(from("http://h", "h")));
}

TEST_CASE("a client without an Origin may connect unless the policy or its function refuses it",
          "[rfc-10.2][R-ORIGIN]") {
  const request asked{"GET", "/", {{"Host", "example.com"}}};
  CHECK(default_server_policy{}.allow_origin(asked));
  CHECK(default_server_policy{.origin = nullptr}.allow_origin(asked));
  const auto none = [](const request&) { return false; };
  CHECK_FALSE(default_server_policy{.origin = none}.allow_origin(asked));
  CHECK_FALSE(default_server_policy{.allow_missing_origin = false}.allow_origin(asked));
  CHECK_FALSE(default_server_policy{.origin = hawser::any_origin, .allow_missing_origin = false}
                  .allow_origin(asked));
}

TEST_CASE("a policy explains the Origin that it refuses, and has a response for it", "[R-ORIGIN]") {
  default_server_policy policy{.allowed_origins = {"https://a.example", "http://localhost:*"}};
  const auto asked = from("https://evil.example", "api.example:9001");
  CHECK(policy.explain_origin(asked) ==
        "https://evil.example (own origin: http://api.example:9001; allowed origins: "
        "https://a.example, http://localhost:*)");
  CHECK(default_server_policy{}.explain_origin({"GET", "/", {{"Host", "h"}}}) ==
        "no Origin (own origin: http://h)");
  CHECK(policy.explain_origin(from(std::string(300, 'x'), "h"))
            .starts_with(std::string(256, 'x') + "... (own"));
  CHECK(policy.refuse_origin(asked).status == 403);
  CHECK(policy.refuse_origin(asked).body == "the Origin is not allowed\n");
  policy.origin_refusal = hawser::response{.status = 404, .body = "Page not found"};
  CHECK(policy.refuse_origin(asked).status == 404);
  CHECK(policy.refuse_origin(asked).body == "Page not found");
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
