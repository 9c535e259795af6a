// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/proxy_choice.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using hawser::is_exempt;
using hawser::proxy;
using hawser::proxy_kind;
using hawser::uri;

namespace {

using environment = std::map<std::string, std::string>;

/// `none`, `bad`, or the proxy's host and port.
std::string chosen(std::string_view url, const environment& variables) {
  const auto found = choose_proxy(*uri::decode(url), [&](const std::string& name) {
    const auto entry = variables.find(name);
    return entry == variables.end() ? std::nullopt : std::optional{entry->second};
  });
  if (!found) return "bad";
  if (found->kind == proxy_kind::none) return "none";
  return found->host + ':' + std::to_string(found->port);
}

TEST_CASE("the variable for the scheme names the proxy") {
  const struct {
    environment variables;
    std::string_view for_ws;
    std::string_view for_wss;
  } table[] = {
      {{}, "none", "none"},
      {{{"http_proxy", "a:1"}}, "a:1", "none"},
      {{{"https_proxy", "b:2"}}, "none", "b:2"},
      {{{"HTTPS_PROXY", "b:2"}}, "none", "b:2"},
      {{{"all_proxy", "socks5://c:3"}}, "c:3", "c:3"},
      {{{"ALL_PROXY", "c:3"}}, "c:3", "c:3"},
      {{{"http_proxy", "a:1"}, {"https_proxy", "b:2"}, {"all_proxy", "c:3"}}, "a:1", "b:2"},
      {{{"http_proxy", "a:1"}, {"all_proxy", "c:3"}}, "a:1", "c:3"},
      // The name in lower case has priority, and an empty variable counts as unset.
      {{{"https_proxy", "b:2"}, {"HTTPS_PROXY", "d:4"}}, "none", "b:2"},
      {{{"https_proxy", ""}, {"HTTPS_PROXY", "d:4"}}, "none", "d:4"},
      {{{"all_proxy", "c:3"}, {"ALL_PROXY", "d:4"}}, "c:3", "c:3"},
      {{{"http_proxy", ""}, {"all_proxy", "c:3"}}, "c:3", "c:3"},
      // A proxy that cannot be used is an error, not skipped.
      {{{"http_proxy", "https://a"}, {"all_proxy", "c:3"}}, "bad", "c:3"},
      {{{"all_proxy", "c:port"}}, "bad", "bad"},
      // An exempt host uses no proxy, whichever variable is set.
      {{{"all_proxy", "c:3"}, {"no_proxy", "example.com"}}, "none", "none"},
      {{{"all_proxy", "c:3"}, {"NO_PROXY", "example.com"}}, "none", "none"},
      {{{"all_proxy", "c:3"}, {"no_proxy", "other"}, {"NO_PROXY", "*"}}, "c:3", "c:3"},
      {{{"all_proxy", "c:port"}, {"no_proxy", "*"}}, "none", "none"},
      {{{"all_proxy", "c:3"}, {"no_proxy", "example.com:443"}}, "c:3", "none"},
      {{{"all_proxy", "c:3"}, {"no_proxy", "example.com:80"}}, "none", "c:3"},
  };
  for (const auto& row : table) {
    CAPTURE(row.variables);
    CHECK(chosen("ws://example.com/", row.variables) == row.for_ws);
    CHECK(chosen("wss://example.com/", row.variables) == row.for_wss);
  }
}

TEST_CASE("HTTP_PROXY, the Proxy field of a request in a CGI program, is ignored", "[abuse]") {
  CHECK(chosen("ws://example.com/", {{"HTTP_PROXY", "evil:1"}}) == "none");
  CHECK(chosen("wss://example.com/", {{"HTTP_PROXY", "evil:1"}}) == "none");
  CHECK(chosen("ws://example.com/", {{"HTTP_PROXY", "evil:1"}, {"ALL_PROXY", "c:3"}}) == "c:3");
}

TEST_CASE("a list exempts domains, addresses and networks") {
  const struct {
    std::string_view list;
    std::string_view host;
    std::uint16_t port;
    bool expected;
  } table[] = {
      {"", "h", 80, false},
      {"*", "h", 80, true},
      {"a,*", "192.0.2.1", 80, true},
      {"*:81", "h", 81, true},
      {"*:81", "h", 80, false},
      // A domain and all names in it, but not a name that only ends with the same letters.
      {"example.com", "example.com", 80, true},
      {"example.com", "EXAMPLE.com", 80, true},
      {"Example.COM", "www.example.com", 80, true},
      {"example.com", "a.b.example.com", 80, true},
      {"example.com", "badexample.com", 80, false},
      {"example.com", "example.com.evil", 80, false},
      {"example.com", "com", 80, false},
      {".example.com", "example.com", 80, true},
      {".example.com", "www.example.com", 80, true},
      {".example.com", "badexample.com", 80, false},
      {"*.example.com", "www.example.com", 80, true},
      {"example.com.", "example.com", 80, true},
      {"example.com", "example.com.", 80, true},
      {".", "h", 80, false},
      {"*.", "h", 80, false},
      // An entry with a port exempts that port only.
      {"example.com:8080", "example.com", 8080, true},
      {"example.com:8080", "www.example.com", 8080, true},
      {"example.com:8080", "example.com", 80, false},
      {"example.com:", "example.com", 80, false},
      {"example.com:x", "example.com", 80, false},
      // Addresses are compared as addresses, and have no subdomains.
      {"127.0.0.1", "127.0.0.1", 80, true},
      {"0.0.1", "127.0.0.1", 80, false},
      {"127.0.0.1", "x.127.0.0.1", 80, true},
      {"127.0.0.1:9001", "127.0.0.1", 9001, true},
      {"127.0.0.1:9001", "127.0.0.1", 9002, false},
      {"::1", "::1", 80, true},
      {"0:0::1", "::1", 80, true},
      {"[::1]", "::1", 80, true},
      {"[::1]:9001", "::1", 9001, true},
      {"[::1]:9001", "::1", 9002, false},
      {"[::2]", "::1", 80, false},
      {"10.0.0.0/8", "10.9.8.7", 80, true},
      {"10.0.0.0/8", "11.9.8.7", 80, false},
      {"10.0.0.0/8:81", "10.9.8.7", 81, true},
      {"10.0.0.0/8:81", "10.9.8.7", 80, false},
      {"10.0.0.0/33", "10.0.0.0", 80, false},
      {"10.0.0.0/", "10.0.0.0", 80, false},
      {"10.0.0.0/8", "ten.example", 80, false},
      {"fe80::/10", "fe80::1", 80, true},
      {"fe80::/10", "ff80::1", 80, false},
      {"10.0.0.0/0", "::1", 80, false},
      // Any number of commas and white space.
      {"a,b", "b", 80, true},
      {"a, b", "b", 80, true},
      {"a b\tc", "c", 80, true},
      {" ,, b ,", "b", 80, true},
      {"a,b", "ab", 80, false},
      {",", "h", 80, false},
  };
  for (const auto& row : table) {
    CAPTURE(row.list, row.host, row.port);
    CHECK(is_exempt(row.list, row.host, row.port) == row.expected);
  }
}

}  // namespace
