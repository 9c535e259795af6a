// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/forwarded.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using hawser::client_host;
using hawser::client_scheme;
using hawser::header_fields;
using hawser::is_listed_proxy;
using hawser::request;

namespace {

TEST_CASE("trusted proxies are addresses, networks and Unix sockets", "[R-ORIGIN]") {
  const std::vector<std::string> proxies{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "[::1]"};
  for (const std::string_view address :
       {"10.1.2.3", "192.0.2.7", "::ffff:10.9.9.9", "::1", "2001:db8:1::5", "0:0:0:0:0:0:0:1"}) {
    CAPTURE(address);
    CHECK(is_listed_proxy(address, proxies));
  }
  for (const std::string_view address :
       {"11.0.0.1", "192.0.2.8", "2001:db9::1", "unix", "", "/run/10.0.0.1", "10.0.0",
        "::", "10.0.0.1:80", "fe80::1%eth0"}) {
    CAPTURE(address);
    CHECK_FALSE(is_listed_proxy(address, proxies));
  }
  CHECK(is_listed_proxy("unix", {"unix"}));
  CHECK_FALSE(is_listed_proxy("127.0.0.1", {"unix"}));
  CHECK_FALSE(is_listed_proxy("127.0.0.1", {}));
  CHECK(is_listed_proxy("::ffff:10.9.9.9", {"::ffff:10.0.0.0/104"}));
  for (const std::string_view entry : {"10.0.0.0/8", "::1", "[::1]/64", "0.0.0.0/0", "unix"}) {
    CHECK(hawser::is_proxy_entry(entry));
  }
  for (const std::string_view entry :
       {"", "*", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/0000", "::/129", "localhost",
        "10.0.0.0/-1", "10.0.0.1:80"}) {
    CAPTURE(entry);
    CHECK_FALSE(hawser::is_proxy_entry(entry));
  }
}

TEST_CASE("what a proxy says of the scheme counts if the proxy is trusted", "[R-ORIGIN]") {
  struct expectation {
    header_fields fields;
    bool secure;  // the connection of the proxy
    std::string_view scheme;
  };
  const expectation table[] = {
      {{}, false, "http"},
      {{}, true, "https"},
      {{{"X-Forwarded-Proto", "https"}}, false, "https"},
      {{{"x-forwarded-proto", "HTTPS"}}, false, "https"},
      {{{"X-Forwarded-Proto", "wss"}}, false, "https"},
      {{{"X-Forwarded-Proto", "ws"}}, true, "http"},
      {{{"X-Forwarded-Proto", "http"}}, true, "http"},
      {{{"X-Forwarded-Scheme", "https"}}, false, "https"},
      {{{"X-Forwarded-Ssl", "on"}}, false, "https"},
      {{{"X-Forwarded-Ssl", "off"}}, true, "http"},
      {{{"X-Forwarded-Proto", "http"}, {"X-Forwarded-Ssl", "on"}}, false, "https"},
      // The last element is that of the closest proxy.
      {{{"X-Forwarded-Proto", "https, http"}}, false, "http"},
      {{{"X-Forwarded-Proto", "http,https"}}, false, "https"},
      {{{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Proto", "http"}}, false, "http"},
      {{{"X-Forwarded-Proto", "\""}, {"X-Forwarded-Proto", "https"}}, false, "https"},
      {{{"X-Forwarded-Proto", "\", https"}}, false, "https"},
      {{{"X-Forwarded-Proto", ""}}, true, "https"},
      {{{"X-Forwarded-Proto", "https,"}}, true, "https"},
  };
  for (const auto& [fields, secure, scheme] : table) {
    CAPTURE(fields.text(), secure);
    const request from_proxy{"GET", "/", fields, "", {.secure = secure, .trusted_proxy = true}};
    CHECK(client_scheme(from_proxy) == scheme);
    const request from_client{"GET", "/", fields, "", {.secure = secure}};
    CHECK(client_scheme(from_client) == (secure ? "https" : "http"));
  }
}

TEST_CASE("what a proxy says of the host counts if the proxy is trusted", "[R-ORIGIN]") {
  const header_fields fields{{"Host", "backend:3000"},
                             {"X-Forwarded-Host", "evil, a.example:8443"}};
  const request from_proxy{"GET", "/", fields, "", {.trusted_proxy = true}};
  CHECK(from_proxy.is_from_trusted_proxy());
  CHECK(client_host(from_proxy) == "a.example:8443");
  const request from_client{"GET", "/", fields};
  CHECK_FALSE(from_client.is_from_trusted_proxy());
  CHECK(client_host(from_client) == "backend:3000");
  const request without{"GET", "/", {{"Host", "h"}}, "", {.trusted_proxy = true}};
  CHECK(client_host(without) == "h");
}

}  // namespace
