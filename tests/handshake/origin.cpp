// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/origin.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using hawser::is_listed_origin;
using hawser::request;

namespace {

request page_of(std::string_view origin, std::string_view host, hawser::arrival how = {}) {
  return {"GET", "/", {{"Host", host}, {"Origin", origin}}, "", how};
}

TEST_CASE("a page of the same host and port has the same origin",
          "[rfc-10.2][rfc6454-5][R-ORIGIN]") {
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
    CHECK(hawser::same_origin(page_of(origin, host)) == same);
  }
}

TEST_CASE("the scheme of the same origin is the connection's, with its usual port", "[rfc6454-5]") {
  const hawser::arrival tls{.secure = true};
  CHECK(hawser::same_origin(page_of("https://example.com", "example.com", tls)));
  CHECK(hawser::same_origin(page_of("HTTPS://example.com", "example.com:443", tls)));
  CHECK(hawser::same_origin(page_of("https://example.com:443", "example.com", tls)));
  CHECK(hawser::same_origin(page_of("https://example.com:9001", "example.com:9001", tls)));
  CHECK_FALSE(hawser::same_origin(page_of("https://example.com", "example.com:80", tls)));
  CHECK_FALSE(hawser::same_origin(page_of("http://example.com", "example.com", tls)));
  CHECK_FALSE(hawser::same_origin(page_of("http://example.com:443", "example.com", tls)));
  CHECK_FALSE(hawser::same_origin(page_of("http://example.com:9001", "example.com:9001", tls)));
  CHECK_FALSE(hawser::same_origin(page_of("https://example.com", "example.com")));
  CHECK_FALSE(hawser::same_origin(page_of("https://example.com", "example.com:443")));
  CHECK_FALSE(hawser::same_origin(page_of("https://example.com:80", "example.com")));
}

TEST_CASE("behind a proxy that terminates TLS the same origin is https", "[rfc-10.2]") {
  for (const bool secure : {false, true}) {
    const hawser::arrival how{.secure = secure};
    const auto allows = [&](std::string_view origin, std::string_view host) {
      return hawser::same_origin_behind_tls_proxy(page_of(origin, host, how));
    };
    CHECK(allows("https://example.com", "example.com"));
    CHECK(allows("https://example.com", "example.com:443"));
    CHECK_FALSE(allows("http://example.com", "example.com"));
    CHECK_FALSE(allows("https://evil.com", "example.com"));
    CHECK(hawser::same_origin_behind_tls_proxy({"GET", "/", {{"Host", "example.com"}}, "", how}));
  }
}

TEST_CASE("the same origin is that of the client's address of the server, behind a trusted proxy",
          "[rfc-10.2][R-ORIGIN]") {
  for (const bool trusted : {false, true}) {
    CAPTURE(trusted);
    const request asked{"GET",
                        "/",
                        {{"Host", "backend:3000"},
                         {"X-Forwarded-Host", "example.com"},
                         {"X-Forwarded-Proto", "https"},
                         {"Origin", "https://example.com"}},
                        "",
                        {.trusted_proxy = trusted}};
    CHECK(hawser::same_origin(asked) == trusted);
  }
}

TEST_CASE("a client without an Origin is not a browser", "[rfc-10.2]") {
  const request asked{"GET", "/", {{"Host", "example.com"}}};
  CHECK(hawser::same_origin(asked));
  CHECK(hawser::same_origin_behind_tls_proxy(asked));
  CHECK(hawser::any_origin(asked));
  CHECK(hawser::any_origin(page_of("http://evil.com", "example.com")));
}

TEST_CASE("an entry matches the whole Origin, or not at all", "[rfc-10.2][R-ORIGIN]") {
  struct expectation {
    std::string entry;
    std::string_view origin;
    bool listed;
  };
  const expectation table[] = {
      // Exact, without case, with the usual port.
      {"https://example.com", "https://example.com", true},
      {"https://Example.com", "HTTPS://EXAMPLE.COM", true},
      {"https://example.com", "https://example.com:443", true},
      {"https://example.com:443", "https://example.com", true},
      {"http://example.com:80", "http://example.com", true},
      {"https://example.com", "https://example.com:80", false},
      {"https://example.com", "http://example.com", false},
      {"https://example.com", "https://example.com:8443", false},
      {"https://example.com:8443", "https://example.com:8443", true},
      {"app://local", "app://local", true},
      {"app://local", "app://other", false},
      // What an unanchored pattern would find inside.
      {"https://example.com", "https://example.com.evil.example", false},
      {"https://example.com", "https://evil.example/https://example.com", false},
      {"https://example.com", "https://evil.example#https://example.com", false},
      {"https://example.com", "https://example.com@evil.example", false},
      {"https://example.com", "xhttps://example.com", false},
      {"https://example.com", "https://examplexcom", false},
      {"https://example.com", "https://fxample.com", false},
      {"https://localhost", "https://mocalhost", false},
      {"https://example.com", "https://example.com/", false},
      {"https://example.com", "https://example.com https://evil.example", false},
      {"https://*.example.com", "https://a.example.com.evil.example", false},
      {"http://localhost:*", "http://localhost:3000.evil.example", false},
      {"http://localhost:*", "http://localhost.evil.example:3000", false},
      // Subdomains, in whole labels.
      {"https://*.example.com", "https://a.example.com", true},
      {"https://*.EXAMPLE.com", "https://a.b.example.COM", true},
      {"https://*.example.com", "https://example.com", false},
      {"https://*.example.com", "https://evilexample.com", false},
      {"https://*.example.com", "https://.example.com", false},
      {"https://*.example.com", "https://a..example.com", false},
      {"https://.example.com", "https://example.com", false},
      {"https://.example.com", "https://a.example.com", false},
      {"https://*.example.com", "https://a.example.com:8443", false},
      {"https://*.example.com", "http://a.example.com", false},
      {"https://*.example.com", "https://a.example.com.", false},
      // A part of a label.
      {"https://shop-*.example.com", "https://shop-7.example.com", true},
      {"https://shop-*.example.com", "https://shop-.example.com", false},
      {"https://shop-*.example.com", "https://shop-7.evil.example.com", false},
      {"https://shop-*.example.com", "https://a.shop-7.example.com", false},
      {"https://*-7-*.example.com", "https://a-7-7-b.example.com", true},
      {"https://*-7-*.example.com", "https://a-7b.example.com", false},
      {"https://a.*.example.com", "https://a.b.example.com", true},
      {"https://a.*.example.com", "https://a.b.c.example.com", false},
      {"https://a.*.example.com", "https://a.example.com", false},
      {"https://*ab.example.com", "https://aaab.example.com", true},
      {"https://*ab.example.com", "https://aaba.example.com", false},
      {"https://a*", "https://ab", true},
      {"https://a**", "https://ab", false},
      // Ports and schemes.
      {"http://localhost:*", "http://localhost:3000", true},
      {"http://localhost:*", "http://localhost", true},
      {"http://localhost:*", "https://localhost:3000", false},
      {"*://localhost:*", "https://localhost:3000", true},
      {"*://example.com", "http://example.com", true},
      {"*://example.com", "https://example.com", true},
      {"*://example.com:80", "https://example.com", false},
      {"*://example.com", "ftp://example.com", false},
      // Addresses.
      {"http://[::1]:3000", "http://[::1]:3000", true},
      {"http://[0:0:0:0:0:0:0:1]", "http://[::1]", true},
      {"http://127.0.0.1:*", "http://127.0.0.1:3000", true},
      {"http://*.0.0.1", "http://127.0.0.1", false},
      {"http://127.0.0.*", "http://127.0.0.1", false},
      {"http://*", "http://127.0.0.1", true},
      {"http://*", "http://a.b", true},
      // Opaque origins.
      {"null", "null", true},
      {"*", "null", false},
      {"*://*:*", "null", false},
      {"https://null", "null", false},
      {"*", "https://evil.example:9", true},
      {"*", "app://local", true},
      {"file://", "file://", true},
      {"*", "", false},
      {"", "", false},
      {"*", "https://", false},
      // Entries that are no origins.
      {"", "https://example.com", false},
      {"example.com", "https://example.com", false},
      {"https://example.com/", "https://example.com", false},
      {"://example.com", "://example.com", true},
      {"https://example.com:x", "https://example.com", false},
      {":*", "https://example.com", false},
  };
  for (const auto& [entry, origin, listed] : table) {
    CAPTURE(entry, origin);
    CHECK(is_listed_origin(origin, {entry}) == listed);
    CHECK(is_listed_origin(origin, {"https://other.example", entry}) == listed);
  }
  CHECK_FALSE(is_listed_origin("https://example.com", {}));
}

TEST_CASE("a refused Origin is explained with its first 256 characters", "[R-ORIGIN]") {
  const auto explained = [](std::size_t size) {
    return hawser::detail::explain_origin(page_of(std::string(size, 'x'), "a.example"), {});
  };
  CHECK(explained(256) == std::string(256, 'x') + " (own origin: http://a.example)");
  CHECK(explained(257) == std::string(256, 'x') + "... (own origin: http://a.example)");
}

TEST_CASE("a host longer than a name can be matches no pattern", "[abuse][R-ORIGIN]") {
  const auto with = [](std::size_t size) {
    return "https://" + std::string(size, 'a') + ".example.com";
  };
  const std::vector<std::string> entries{"https://*a*a*a*a*a*a*a*a*b.example.com",
                                         "https://*.example.com"};
  CHECK(is_listed_origin(with(200), entries));
  CHECK_FALSE(is_listed_origin(with(200'000), entries));
}

/// The cases of Rails' cross_site_forgery_test.rb and of the recorded server, with a trusted proxy. Where Rails
/// compares with case (origin_case), Hawser does not.
TEST_CASE("the origins that Rails allows are allowed", "[R-ORIGIN][rails]") {
  const auto allows = [](std::string_view origin, hawser::header_fields fields,
                         const std::vector<std::string>& listed = {}) {
    fields.add("Host", "rails.example");
    fields.add("Origin", origin);
    const request asked{"GET", "/cable", fields, "", {.trusted_proxy = true}};
    return hawser::same_origin(asked) || is_listed_origin(origin, listed);
  };
  // origin_bad, origin_exact_string, origin_same_as_host, origin_https_vs_http_host, origin_case
  CHECK_FALSE(allows("http://evil.example", {}));
  CHECK(allows("http://exact.example", {}, {"http://exact.example"}));
  CHECK(allows("http://EXACT.example", {}, {"http://exact.example"}));
  CHECK(allows("http://rails.example", {}));
  CHECK_FALSE(allows("https://rails.example", {}));
  // One allowed origin, several, one pattern, several patterns.
  CHECK_FALSE(allows("http://hax.com", {}, {"http://rails.com"}));
  CHECK(allows("http://www.rails.com", {}, {"http://rails.com", "http://www.rails.com"}));
  CHECK(allows("http://www.rails.com", {}, {"http://*.rails.com"}));
  CHECK_FALSE(allows("http://www.hax.com", {}, {"http://*.rails.com"}));
  CHECK(allows("http://rails.co.uk", {}, {"http://rails.com", "http://rails.co.uk"}));
  CHECK_FALSE(allows("http://rails.com.hax.com", {}, {"http://rails.com", "http://*.rails.com"}));
  // origin_https_forwarded_proto, origin_forwarded_host, and lists of hosts.
  CHECK(allows("https://rails.example", {{"X-Forwarded-Proto", "https"}}));
  CHECK_FALSE(allows("http://rails.example", {{"X-Forwarded-Proto", "https"}}));
  CHECK(allows("http://proxy.example", {{"X-Forwarded-Host", "proxy.example"}}));
  CHECK_FALSE(allows("http://rails.example", {{"X-Forwarded-Host", "proxy.example"}}));
  CHECK(allows("http://b.example", {{"X-Forwarded-Host", "a.example, b.example"}}));
  CHECK_FALSE(allows("http://a.example", {{"X-Forwarded-Host", "a.example, b.example"}}));
  CHECK(allows("http://b.example", {{"X-Forwarded-Host", "b.example:80"}}));
}

}  // namespace
