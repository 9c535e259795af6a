// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/allowed_hosts.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using hawser::is_listed_host;
using hawser::is_loopback_host;

namespace {

static_assert(hawser::is_loopback(*hawser::decode_ip_address("127.255.0.1")));
static_assert(hawser::is_loopback(*hawser::decode_ip_address("::1")));
static_assert(hawser::is_loopback(*hawser::decode_ip_address("::ffff:127.0.0.1")));
static_assert(!hawser::is_loopback(*hawser::decode_ip_address("128.0.0.1")));
static_assert(!hawser::is_loopback(*hawser::decode_ip_address("0.0.0.0")));
static_assert(!hawser::is_loopback(*hawser::decode_ip_address("::")));
static_assert(!hawser::is_loopback(*hawser::decode_ip_address("::ffff:10.0.0.1")));

TEST_CASE("localhost, its subdomains and loopback addresses are this machine", "[rfc6761]") {
  for (const std::string_view host :
       {"localhost", "LocalHost", "localhost.", "localhost:9001", "localhost.:9001", "a.localhost",
        "a.b.localhost:80", "A.LOCALHOST.", "127.0.0.1", "127.0.0.1:9001", "127.1.2.3", "[::1]",
        "[::1]:9001", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]:9001"}) {
    CAPTURE(host);
    CHECK(is_loopback_host(host));
  }
  for (const std::string_view host : {"",
                                      ".localhost",
                                      "localhost.example",
                                      "localhost..",
                                      "notlocalhost",
                                      "evil.example",
                                      "localhost.evil.example:9001",
                                      "127.0.0.1.evil.example",
                                      "127.1",
                                      "0177.0.0.1",
                                      "2130706433",
                                      "0.0.0.0",
                                      "10.0.0.1",
                                      "[::]",
                                      "[::2]",
                                      "::1",
                                      "localhost:",
                                      "local%68ost",
                                      "localhost@evil.example",
                                      "localhost:x",
                                      "[::1",
                                      "127.0.0.1 "}) {
    CAPTURE(host);
    // RFC 3986 §3.2.3: an empty port means the scheme's default port.
    CHECK(is_loopback_host(host) == (host == "localhost:"));
  }
}

TEST_CASE("a host list has names, addresses, subdomains of a domain, or every host") {
  const auto listed = [](std::string_view host, std::vector<std::string> hosts) {
    return is_listed_host(host, hosts);
  };
  CHECK(listed("example.com", {"a", "example.com"}));
  CHECK(listed("EXAMPLE.com:8080", {"example.COM"}));
  CHECK(listed("example.com.", {"example.com"}));
  CHECK(listed("example.com", {"example.com."}));
  CHECK_FALSE(listed("example.com.evil.example", {"example.com"}));
  CHECK_FALSE(listed("a.example.com", {"example.com"}));
  CHECK_FALSE(listed("example.com", {}));
  CHECK_FALSE(listed("example.com", {""}));
  CHECK_FALSE(listed("", {"", "*"}));
  CHECK_FALSE(listed("evil@example.com", {"*"}));

  CHECK(listed("a.example.com", {"*.example.com"}));
  CHECK(listed("a.b.example.com:1", {"*.EXAMPLE.com"}));
  CHECK_FALSE(listed("example.com", {"*.example.com"}));
  CHECK_FALSE(listed(".example.com", {"*.example.com"}));
  CHECK_FALSE(listed("aexample.com", {"*.example.com"}));

  CHECK(listed("192.0.2.1:9001", {"192.0.2.1"}));
  CHECK(listed("[2001:db8:0::1]", {"2001:db8::1"}));
  CHECK(listed("[2001:db8::1]:9001", {"[2001:db8::1]"}));
  CHECK_FALSE(listed("192.0.2.10", {"192.0.2.1"}));
  CHECK_FALSE(listed("192.0.2.1", {"*.2.1"}));

  CHECK(listed("anything.example:1", {"*"}));
  CHECK(listed("[::1]", {"*"}));
}

}  // namespace
