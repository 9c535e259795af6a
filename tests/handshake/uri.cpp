// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/uri.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using hawser::uri;

namespace {

TEST_CASE("a URI says where to connect and what to ask for", "[rfc-3]") {
  struct expectation {
    std::string_view text;
    bool secure;
    std::string_view host;
    std::uint16_t port;
    std::string_view target;
    std::string_view host_field;
  };
  const expectation table[] = {
      {"ws://example.com/chat", false, "example.com", 80, "/chat", "example.com"},
      {"wss://example.com/chat", true, "example.com", 443, "/chat", "example.com"},
      // No path, with and without a query.
      {"ws://example.com", false, "example.com", 80, "/", "example.com"},
      {"ws://example.com?x=1", false, "example.com", 80, "/?x=1", "example.com"},
      {"ws://example.com?a/b", false, "example.com", 80, "/?a/b", "example.com"},
      {"ws://example.com/?", false, "example.com", 80, "/?", "example.com"},
      // A port stands in Host unless it is the scheme's own.
      {"ws://example.com:9001/", false, "example.com", 9001, "/", "example.com:9001"},
      {"ws://example.com:80/", false, "example.com", 80, "/", "example.com"},
      {"wss://example.com:443/", true, "example.com", 443, "/", "example.com"},
      {"ws://example.com:443/", false, "example.com", 443, "/", "example.com:443"},
      {"wss://example.com:80/", true, "example.com", 80, "/", "example.com:80"},
      {"ws://example.com:/", false, "example.com", 80, "/", "example.com"},
      {"ws://example.com:1", false, "example.com", 1, "/", "example.com:1"},
      {"ws://example.com:65535", false, "example.com", 65535, "/", "example.com:65535"},
      {"ws://example.com:08080", false, "example.com", 8080, "/", "example.com:8080"},
      // Brackets are for Host, not for the resolver.
      {"ws://[::1]:9001/x?y", false, "::1", 9001, "/x?y", "[::1]:9001"},
      {"wss://[2001:db8::7]/", true, "2001:db8::7", 443, "/", "[2001:db8::7]"},
      {"ws://[::ffff:192.0.2.1]", false, "::ffff:192.0.2.1", 80, "/", "[::ffff:192.0.2.1]"},
      {"ws://127.0.0.1:8080", false, "127.0.0.1", 8080, "/", "127.0.0.1:8080"},
      // Nothing is decoded or normalised, and the scheme has no case.
      {"WS://Example.com/%7Ea%2Fb?q=%20", false, "Example.com", 80, "/%7Ea%2Fb?q=%20",
       "Example.com"},
      {"wSs://h/a/../b//c", true, "h", 443, "/a/../b//c", "h"},
      {"ws://h/a?b?c@d:e", false, "h", 80, "/a?b?c@d:e", "h"},
      {"ws://xn--bcher-kva.example/", false, "xn--bcher-kva.example", 80, "/",
       "xn--bcher-kva.example"},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    const auto where = uri::decode(row.text);
    REQUIRE(where);
    CHECK(where->secure() == row.secure);
    CHECK(where->scheme() == (row.secure ? "wss" : "ws"));
    CHECK(where->host() == row.host);
    CHECK(where->port() == row.port);
    CHECK(where->target() == row.target);
    CHECK(where->host_field() == row.host_field);
    CHECK(where->user().empty());
  }
}

TEST_CASE("what is no ws: or wss: URI is refused", "[rfc-3]") {
  using namespace std::string_view_literals;
  for (const auto text : {
           ""sv,
           "/"sv,
           "example.com"sv,
           "//example.com/"sv,
           "ws:"sv,
           "ws:/"sv,
           "ws:example.com"sv,
           "ws:/example.com"sv,
           "http://example.com/"sv,
           "https://example.com/"sv,
           "wsss://example.com"sv,
           "xws://example.com"sv,
           " ws://example.com"sv,
           // No host, or none that can be one.
           "ws://"sv,
           "ws:///path"sv,
           "ws://:80/"sv,
           "ws://?x"sv,
           "ws://a b/"sv,
           "ws://a\\b/"sv,
           "ws://a\"b/"sv,
           "ws://a<b/"sv,
           "ws://[::1"sv,
           "ws://[]/"sv,
           "ws://[1]/"sv,
           "ws://[::1]x/"sv,
           "ws://[::g]/"sv,
           "ws://[fe80::1%25eth0]/"sv,
           "ws://::1/"sv,
           "ws://[v1.x]/"sv,
           "ws://a[::1]/"sv,
           "ws://[::1]:80:80/"sv,
           // Ports from 1 to 65535, in digits.
           "ws://h:0/"sv,
           "ws://h:00/"sv,
           "ws://h:65536/"sv,
           "ws://h:99999999999999999999/"sv,
           "ws://h:-1/"sv,
           "ws://h:+1/"sv,
           "ws://h:8o/"sv,
           "ws://h:80:80/"sv,
           "ws://h: 80/"sv,
           // RFC 6455 §3: no fragment, not even an empty one.
           "ws://h/#"sv,
           "ws://h/a#b"sv,
           "ws://h#b"sv,
           "ws://h/?q#b"sv,
           // Nothing but visible ASCII.
           "ws://h/a b"sv,
           "ws://h/a\tb"sv,
           "ws://h/a\r\nX: y"sv,
           "ws://h/\0"sv,
           "ws://h/\x7f"sv,
           "ws://h/\xC3\xA9"sv,
           "ws://h\r\n/"sv,
           "ws://b\xC3\xBC"
           "cher.example/"sv,
           "ws://h/ "sv,
           // User information needs to be asked for.
           "ws://user@h/"sv,
           "ws://user:password@h/"sv,
           "ws://@h/"sv,
       }) {
    CAPTURE(text);
    CHECK_FALSE(uri::decode(text));
  }
}

TEST_CASE("user and password are taken only when asked for", "[rfc-3]") {
  const auto allow = uri::user_info::allow;
  const auto where = uri::decode("wss://Aladdin:open%20sesame@h:9001/x@y", allow);
  REQUIRE(where);
  CHECK(where->user() == "Aladdin:open%20sesame");
  CHECK(where->host() == "h");
  CHECK(where->port() == 9001);
  CHECK(where->target() == "/x@y");
  CHECK(where->host_field() == "h:9001");
  // RFC 7617 §2
  CHECK(where->basic_credentials() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");

  CHECK(uri::decode("ws://h/", allow)->user().empty());
  CHECK(uri::decode("ws://u@[::1]/", allow)->host() == "::1");
  CHECK_FALSE(uri::decode("ws://u@/", allow));
  CHECK_FALSE(uri::decode("ws://u@v@h/", allow));
  CHECK_FALSE(uri::decode("ws://u\n@h/", allow));
}

TEST_CASE("a percent sign without two digits stands for itself", "[rfc3986-2.1]") {
  CHECK(hawser::detail::decode_percent("%41%zz%4%") == "A%zz%4%");
  CHECK(hawser::detail::decode_percent("%0d%0A") == "\r\n");
  CHECK(hawser::detail::decode_percent("%-1%+1") == "%-1%+1");
}

TEST_CASE("an authority has a host and perhaps a port", "[rfc3986-3.2]") {
  const auto full = hawser::decode_authority("[::1]:8080");
  REQUIRE(full);
  CHECK(full->host == "::1");
  CHECK(full->brackets);
  CHECK(full->port == 8080);
  const auto bare = hawser::decode_authority("example.com");
  REQUIRE(bare);
  CHECK(bare->host == "example.com");
  CHECK_FALSE(bare->brackets);
  CHECK_FALSE(bare->port);
  for (const auto bad : {"", ":80", "a/b", "a@b", "a:b", "a b", "[::1]]", "a,b c"}) {
    CAPTURE(bad);
    CHECK_FALSE(hawser::decode_authority(bad));
  }
}

}  // namespace
