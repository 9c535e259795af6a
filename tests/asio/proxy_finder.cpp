// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/proxy_finder.hpp"

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/asio/connect_options.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

const auto any_uri = *uri::decode("ws://here.example/a");

TEST_CASE("one proxy may be set for all servers, as any kind of text or as a proxy") {
  const proxy wanted{proxy_kind::http, "proxy", 3128, "user", "pw"};
  constexpr const char* url = "http://user:pw@proxy:3128";
  constexpr std::string_view view = url;
  const std::string text{url};
  CHECK(connect_options{.proxy = "http://user:pw@proxy:3128"}.proxy(any_uri) == wanted);
  CHECK(connect_options{.proxy = url}.proxy(any_uri) == wanted);
  CHECK(connect_options{.proxy = view}.proxy(any_uri) == wanted);
  CHECK(connect_options{.proxy = text}.proxy(any_uri) == wanted);
  CHECK(connect_options{.proxy = std::string{text}}.proxy(any_uri) == wanted);
  CHECK(connect_options{.proxy = wanted}.proxy(any_uri) == wanted);
  CHECK(connect_options{.proxy = [&](const uri&) { return wanted; }}.proxy(any_uri) == wanted);
  CHECK(proxy_finder{"socks5://proxy.example"}(any_uri)->kind == proxy_kind::socks5);
}

TEST_CASE("an empty proxy URL is no proxy") {
  const char* unset = nullptr;
  CHECK_FALSE(connect_options{.proxy = ""}.proxy);
  CHECK_FALSE(connect_options{.proxy = std::string{}}.proxy);
  CHECK_FALSE(connect_options{.proxy = unset}.proxy);
  CHECK_FALSE(connect_options{.proxy = nullptr}.proxy);
  CHECK_FALSE(connect_options{}.proxy);
}

TEST_CASE("a proxy's URL that is wrong is an error at once, which says what is wrong", "[abuse]") {
  const auto [url, why, shown] = GENERATE(table<std::string, errc, std::string>({
      {"ftp://proxy.example", errc::bad_proxy_scheme, "proxy ftp://proxy.example: "},
      {"http://proxy.example:0", errc::bad_uri_port, "proxy http://proxy.example:0: "},
      {"socks5://anna:secret@h:x", errc::bad_uri_port, "proxy socks5://...: "},
      {"anna:secret@h/x", errc::bad_proxy_path, "proxy ://...: "},
  }));
  try {
    const connect_options options{.proxy = url};
    FAIL("taken");
  } catch (const std::system_error& error) {
    CHECK(error.code() == why);
    CHECK(error.what() == shown + make_error_code(why).message());
  }
}

TEST_CASE("the environment may name a proxy") {
  ::setenv("http_proxy", "http://proxy.example:3128", 1);
  ::setenv("no_proxy", "other.example", 1);
  CHECK(proxy_from_environment(any_uri)->port == 3128);
  CHECK(proxy_from_environment(*uri::decode("ws://other.example/"))->kind == proxy_kind::none);
  CHECK(connect_options{.proxy = proxy_from_environment}.proxy(any_uri)->port == 3128);
  ::setenv("http_proxy", "nonsense://", 1);
  CHECK_FALSE(proxy_from_environment(any_uri));
  ::unsetenv("http_proxy");
  ::unsetenv("no_proxy");
}

}  // namespace
