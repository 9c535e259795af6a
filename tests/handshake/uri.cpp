// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/uri.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using hawser::uri;

namespace {

TEST_CASE("a URI has the host and port to connect to and the target of the request", "[rfc-3]") {
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
      // Without a path, with and without a query.
      {"ws://example.com", false, "example.com", 80, "/", "example.com"},
      {"ws://example.com?x=1", false, "example.com", 80, "/?x=1", "example.com"},
      {"ws://example.com?a/b", false, "example.com", 80, "/?a/b", "example.com"},
      {"ws://example.com/?", false, "example.com", 80, "/?", "example.com"},
      // Host contains the port unless it is the scheme's default.
      {"ws://example.com:9001/", false, "example.com", 9001, "/", "example.com:9001"},
      {"ws://example.com:80/", false, "example.com", 80, "/", "example.com"},
      {"wss://example.com:443/", true, "example.com", 443, "/", "example.com"},
      {"ws://example.com:443/", false, "example.com", 443, "/", "example.com:443"},
      {"wss://example.com:80/", true, "example.com", 80, "/", "example.com:80"},
      {"ws://example.com:/", false, "example.com", 80, "/", "example.com"},
      {"ws://example.com:1", false, "example.com", 1, "/", "example.com:1"},
      {"ws://example.com:65535", false, "example.com", 65535, "/", "example.com:65535"},
      {"ws://example.com:08080", false, "example.com", 8080, "/", "example.com:8080"},
      // Host has the brackets, the name for the resolver does not.
      {"ws://[::1]:9001/x?y", false, "::1", 9001, "/x?y", "[::1]:9001"},
      {"wss://[2001:db8::7]/", true, "2001:db8::7", 443, "/", "[2001:db8::7]"},
      {"ws://[::ffff:192.0.2.1]", false, "::ffff:192.0.2.1", 80, "/", "[::ffff:192.0.2.1]"},
      {"ws://127.0.0.1:8080", false, "127.0.0.1", 8080, "/", "127.0.0.1:8080"},
      // Nothing is decoded or normalised, and the scheme is compared without case.
      {"WS://Example.com/%7Ea%2Fb?q=%20", false, "Example.com", 80, "/%7Ea%2Fb?q=%20",
       "Example.com"},
      {"wSs://h/a/../b//c", true, "h", 443, "/a/../b//c", "h"},
      {"ws://h/a?b?c@d:e", false, "h", 80, "/a?b?c@d:e", "h"},
      // Only the host is decoded, for the resolver.
      {"ws://h%65llo.test%2E/%65", false, "hello.test.", 80, "/%65", "hello.test."},
      {"wss://127%2e0.0.1:9001/", true, "127.0.0.1", 9001, "/", "127.0.0.1:9001"},
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
    CHECK(where->node() == row.host);
    CHECK(where->authority() == row.host_field);
  }
}

TEST_CASE("the zone of an IPv6 address is for this machine, not for the server",
          "[rfc6874-2][rfc6874-4]") {
  const auto where = uri::decode("ws://[fe80::1%25lo]:9001/x");
  REQUIRE(where);
  CHECK(where->host() == "fe80::1");
  CHECK(where->zone() == "lo");
  CHECK(where->node() == "fe80::1%lo");
  CHECK(where->host_field() == "[fe80::1]:9001");
  CHECK(where->authority() == "[fe80::1%25lo]:9001");
  const auto encoded = uri::decode("ws://[fe80::1%25en%2F0]/");
  REQUIRE(encoded);
  CHECK(encoded->node() == "fe80::1%en/0");
  CHECK(encoded->authority() == "[fe80::1%25en%2F0]");
}

TEST_CASE("a URI can be changed to another host and port") {
  const auto from = *uri::decode("wss://u:p@example.com/x?y", uri::user_info::allow);
  const auto moved = [&](std::string_view place) {
    const auto there = from.at(place);
    if (!there) return std::string{"none"};
    CHECK(there->secure());
    CHECK(there->target() == "/x?y");
    return there->node() + ' ' + std::to_string(there->port());
  };
  CHECK(moved("127.0.0.1:9001") == "127.0.0.1 9001");
  CHECK(moved("backend") == "backend 443");
  CHECK(moved("[::1]") == "::1 443");
  CHECK(moved("[fe80::1%25lo]:80") == "fe80::1%lo 80");
  for (const auto place : {"", ":80", "a b", "a:0", "u@h", "a/b", "::1"})
    CHECK(moved(place) == "none");
  CHECK(uri::decode("ws://[fe80::1%25lo]:81/")->at("h")->node() == "h");
  CHECK(uri::decode("ws://h:81/")->at("i")->port() == 81);
}

TEST_CASE("the part of a URI that is shown in texts has no secrets", "[abuse]") {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"ws://h:9001/a/b", "ws://h:9001/a/b"},
      {"WSS://anna:secret@h/chat?token=secret", "wss://h/chat"},
      {"ws://[::1]?secret", "ws://[::1]/"},
      {"ws://h/a@b", "ws://h/a@b"},
      // Text that is not a WebSocket URI.
      {"http://h/chat?token=secret", "http://h/chat"},
      {"ws://h/#secret", "ws://h/"},
      {"ws://h/a\r\n2026 all is well", "ws://h/a"},
      {"ws://b\xC3\xBC\x1b[2J", "ws://b\xC3\xBC"},
      {"", ""},
      {"secret@h", "://..."},
      {"secret:x@h", "://..."},
      {"socks5://anna:secret@h:0", "socks5://..."},
      {"sec-ret://anna@h:0", "://..."},
      {"http://anna:secret@h/", "http://..."},
      {"ws://anna:sec/ret@h/", "ws://..."},
      {"ws://anna:sec?ret@h/", "ws://..."},
      {"ws://anna:sec#ret@h/", "ws://..."},
      {"ws://anna:secret@h:0/", "ws://..."},
      {"ws://h:0/?a=secret@b", "ws://..."},
      {"ws://anna:secret@", "ws://..."},
  };
  for (const auto& [text, shown] : table) {
    CAPTURE(text);
    CHECK(hawser::without_secrets(text) == shown);
  }
}

TEST_CASE("a malformed URI is refused", "[rfc-3]") {
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
           // No host, or an invalid one.
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
           // RFC 6874 §2: a zone is not empty, and its percent sign is encoded.
           "ws://[fe80::1%eth0]/"sv,
           "ws://[fe80::1%25]/"sv,
           "ws://[fe80::1%25a%0d]/"sv,
           "ws://[fe80::1%25a%2525]/"sv,
           "ws://[fe80::1%25a%]/"sv,
           "ws://[fe80::1%25a!b]/"sv,
           "ws://[fe80::1%25a%25b]/"sv,
           "ws://[%25a]/"sv,
           "ws://h%25a/"sv,
           // Percent-encoded characters must be allowed in a host.
           "ws://a%2Fb/"sv,
           "ws://a%40b/"sv,
           "ws://a%3A80/"sv,
           "ws://a%00b/"sv,
           "ws://a%0D%0Ab/"sv,
           "ws://a%20b/"sv,
           "ws://b%C3%BCcher.example/"sv,
           "ws://a%2/"sv,
           "ws://a%zz/"sv,
           "ws://%/"sv,
           "ws://::1/"sv,
           "ws://[v1.x]/"sv,
           "ws://a[::1]/"sv,
           "ws://[::1]:80:80/"sv,
           // A port is a decimal number from 1 to 65535.
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
           // Only visible ASCII is allowed.
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
           // User information is refused unless it is allowed explicitly.
           "ws://user@h/"sv,
           "ws://user:password@h/"sv,
           "ws://@h/"sv,
       }) {
    CAPTURE(text);
    CHECK_FALSE(uri::decode(text));
  }
}

TEST_CASE("the error of a URI names the part that is wrong", "[rfc-3]") {
  using enum hawser::errc;
  const struct {
    std::string_view text;
    hawser::errc why;
  } table[] = {
      {"", bad_uri_scheme},
      {"example.com", bad_uri_scheme},
      {"http://h/", bad_uri_scheme},
      {"ws:/h", bad_uri_scheme},
      {"ws://h/a b", bad_uri_character},
      {"ws://h/a\r\nX: y", bad_uri_character},
      {"ws://b\xC3\xBC", bad_uri_character},
      {"ws://h/#", bad_uri_fragment},
      {"ws://h:0/?q#b", bad_uri_fragment},
      {"ws://user@h/", user_info_refused},
      {"ws://user:password@h:0/", user_info_refused},
      {"ws://", bad_uri_host},
      {"ws://:80/", bad_uri_host},
      {"ws://a\\b/", bad_uri_host},
      {"ws://a%2Fb/", bad_uri_host},
      {"ws://a%zz/", bad_uri_host},
      {"ws://[::1/", bad_uri_host},
      {"ws://[::1]x/", bad_uri_host},
      {"ws://[fe80::1%25]/", bad_uri_host},
      {"ws://::1/", bad_uri_host},
      {"ws://h:0/", bad_uri_port},
      {"ws://h:65536/", bad_uri_port},
      {"ws://h:8o/", bad_uri_port},
      {"ws://[::1]:80:80/", bad_uri_port},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    std::error_code ec;
    CHECK_FALSE(uri::decode(row.text, ec));
    CHECK(ec == row.why);
    CHECK(ec == hawser::condition::bad_uri);
    CHECK(ec == hawser::condition::handshake_rejected);
  }
  std::error_code ec = bad_uri_host;
  CHECK_FALSE(uri::decode("ws://u%@h/", ec, uri::user_info::allow));
  CHECK(ec == bad_uri_user_info);
  CHECK(uri::decode("ws://u@h/", ec, uri::user_info::allow));
  CHECK_FALSE(ec);
}

TEST_CASE("user and password are accepted only if that is allowed", "[rfc-3]") {
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
  for (const auto bad : {"ws://u%@h/", "ws://u:p%4@h/", "ws://u:50%zz@h/"}) {
    CAPTURE(bad);
    CHECK_FALSE(uri::decode(bad, allow));
  }
}

TEST_CASE("an authority has a host and an optional port", "[rfc3986-3.2]") {
  const auto full = hawser::decode_authority("[::1]:8080");
  REQUIRE(full);
  CHECK(full->host == "::1");
  CHECK(full->brackets);
  CHECK(full->port == 8080);
  hawser::errc why{};
  CHECK_FALSE(hawser::decode_authority("h:x", why));
  CHECK(why == hawser::errc::bad_uri_port);
  CHECK_FALSE(hawser::decode_authority("a b:x", why));
  CHECK(why == hawser::errc::bad_uri_host);
  CHECK(hawser::decode_authority("h:", why));
  CHECK(why == hawser::errc{});
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
