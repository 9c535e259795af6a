// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/proxy.hpp"

#include <string_view>
#include <system_error>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace std::string_view_literals;
using hawser::proxy;
using hawser::proxy_kind;

namespace {

TEST_CASE("a default-constructed proxy means no proxy") {
  CHECK(proxy{} ==
        proxy{.kind = proxy_kind::none, .host = "", .port = 0, .user = "", .password = ""});
  CHECK_FALSE(proxy{}.has_credentials());
}

TEST_CASE("a URL names the proxy and its credentials") {
  const struct {
    std::string_view text;
    proxy expected;
  } table[] = {
      {"http://proxy.example:3128", {proxy_kind::http, "proxy.example", 3128}},
      {"http://proxy.example:3128/", {proxy_kind::http, "proxy.example", 3128}},
      {"HTTP://proxy.example", {proxy_kind::http, "proxy.example", 80}},
      {"proxy.example:3128", {proxy_kind::http, "proxy.example", 3128}},
      {"proxy.example", {proxy_kind::http, "proxy.example", 80}},
      {"http://[::1]:3128", {proxy_kind::http, "::1", 3128}},
      {"http://192.0.2.1", {proxy_kind::http, "192.0.2.1", 80}},
      {"socks5://proxy.example", {proxy_kind::socks5, "proxy.example", 1080}},
      {"socks5h://proxy.example:9", {proxy_kind::socks5, "proxy.example", 9}},
      {"Socks5h://[2001:db8::7]", {proxy_kind::socks5, "2001:db8::7", 1080}},
      {"http://user:pass@h:1", {proxy_kind::http, "h", 1, "user", "pass"}},
      {"user:pass@h:1", {proxy_kind::http, "h", 1, "user", "pass"}},
      {"socks5://user@h", {proxy_kind::socks5, "h", 1080, "user", ""}},
      {"http://:pass@h", {proxy_kind::http, "h", 80, "", "pass"}},
      {"http://@h", {proxy_kind::http, "h", 80}},
      {"http://a%3Ab:c%40d%2Fe:f@h", {proxy_kind::http, "h", 80, "a:b", "c@d/e:f"}},
      {"http://a@b:c@h", {proxy_kind::http, "h", 80, "a@b", "c"}},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    const auto found = proxy::decode(row.text);
    REQUIRE(found);
    CHECK(found->kind == row.expected.kind);
    CHECK(found->host == row.expected.host);
    CHECK(found->port == row.expected.port);
    CHECK(found->user == row.expected.user);
    CHECK(found->password == row.expected.password);
    CHECK(found->has_credentials() ==
          !(row.expected.user.empty() && row.expected.password.empty()));
    CHECK(*found == row.expected);
  }
}

TEST_CASE("a malformed proxy URL is refused") {
  for (const auto text : {
           ""sv,
           "http://"sv,
           "http:///"sv,
           "https://h"sv,
           "socks4://h"sv,
           "socks://h"sv,
           "ftp://h"sv,
           "://h"sv,
           "http://h/path"sv,
           "http://h//"sv,
           "http://h?x"sv,
           "http://h#x"sv,
           "http://h/path@other"sv,
           "http://u/p@h"sv,
           "http://h:0"sv,
           "http://h:65536"sv,
           "http://h:x"sv,
           "http://::1"sv,
           "http://[::1"sv,
           "http://[h]"sv,
           "http://a b"sv,
           "http://h\r\nX: y"sv,
           "http://u%0d%0aX:p@h"sv,
           "http://u:p%00@h"sv,
           "http://u%09:p@h"sv,
           "http://u%:p@h"sv,
           "http://u:50%@h"sv,
           "socks5://u:p%zz@h"sv,
           "http://u:p%7f@h"sv,
           "http://u:p@"sv,
           "http://user:pass@:3128"sv,
       }) {
    CAPTURE(text);
    CHECK_FALSE(proxy::decode(text));
  }
}

TEST_CASE("the error of a proxy's URL names the part that is wrong") {
  using enum hawser::errc;
  const struct {
    std::string_view text;
    hawser::errc why;
  } table[] = {
      {"", bad_uri_host},
      {"https://h", bad_proxy_scheme},
      {"socks4://h", bad_proxy_scheme},
      {"http://h/path", bad_proxy_path},
      {"http://h?x", bad_proxy_path},
      {"http://h#x", bad_proxy_path},
      {"http://u%:p@h", bad_uri_user_info},
      {"http://u:p%0a@h", bad_uri_user_info},
      {"http://u:p@", bad_uri_host},
      {"http://a b", bad_uri_host},
      {"socks5://proxy%zz", bad_uri_host},
      {"http://h:0", bad_uri_port},
      {"socks5://[::1]:x", bad_uri_port},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    std::error_code ec;
    CHECK_FALSE(proxy::decode(row.text, ec));
    CHECK(ec == row.why);
    CHECK(ec == hawser::condition::bad_uri);
  }
  std::error_code ec = bad_uri_host;
  CHECK(proxy::decode("http://h", ec));
  CHECK_FALSE(ec);
}

TEST_CASE("by default there is no proxy") {
  CHECK(proxy{}.kind == proxy_kind::none);
  CHECK_FALSE(proxy{}.has_credentials());
}

TEST_CASE("a proxy's host is percent-decoded, and refused if it is then invalid",
          "[rfc3986-3.2.2]") {
  CHECK(proxy::decode("http://pr%6fxy.example:3128")->host == "proxy.example");
  CHECK_FALSE(proxy::decode("http://proxy%2F.example"));
  CHECK_FALSE(proxy::decode("socks5://proxy%zz"));
}

}  // namespace
