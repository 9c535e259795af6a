// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/endpoint_text.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace hawser;

TEST_CASE("an endpoint of TCP is its address and its port") {
  const asio::ip::tcp::endpoint four{asio::ip::make_address("127.0.0.1"), 80};
  CHECK(detail::address_of(four) == "127.0.0.1");
  CHECK(detail::text_of(four) == "127.0.0.1:80");
  const asio::ip::tcp::endpoint six{asio::ip::make_address("::1"), 9001};
  CHECK(detail::address_of(six) == "::1");
  CHECK(detail::text_of(six) == "[::1]:9001");
}

TEST_CASE("an endpoint of Unix sockets is its path") {
  const asio::local::stream_protocol::endpoint where{"/run/a.sock"};
  CHECK(detail::address_of(where) == "/run/a.sock");
  CHECK(detail::text_of(where) == "/run/a.sock");
}

TEST_CASE("an endpoint of TCP is a loopback one or not, one of Unix sockets is not") {
  const auto is_loopback = [](const char* address) {
    return detail::is_loopback_endpoint(
        asio::ip::tcp::endpoint{asio::ip::make_address(address), 1});
  };
  for (const auto* address : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    CHECK(is_loopback(address));
  }
  for (const auto* address : {"0.0.0.0", "::", "10.0.0.1", "fe80::1%1", "::ffff:10.0.0.1"}) {
    CHECK_FALSE(is_loopback(address));
  }
  CHECK_FALSE(detail::is_loopback_endpoint(asio::local::stream_protocol::endpoint{"/run/a.sock"}));
}

TEST_CASE("a request has arrived from a trusted proxy if the client's address is in the list",
          "[R-ORIGIN]") {
  CHECK(detail::address_in("192.0.2.7:80") == "192.0.2.7");
  CHECK(detail::address_in("[2001:db8::7]:80") == "2001:db8::7");
  CHECK(detail::address_in("[fe80::1%eth0]:80") == "fe80::1");
  CHECK(detail::address_in("[") == "");
  CHECK(detail::address_in("") == "");

  const auto facts = [](const auto& where) { return detail::facts_of_listener(where); };
  const auto tcp = facts(asio::ip::tcp::endpoint{asio::ip::make_address("127.0.0.1"), 80});
  const auto local = facts(asio::local::stream_protocol::endpoint{"/run/a.sock"});
  const std::vector<std::string> proxies{"10.0.0.0/8", "fe80::/10"};
  const auto trusts = [&](std::string_view remote, const auto& at, const auto& list) {
    const auto how = detail::arrival_from(remote, at, list);
    CHECK(how.loopback == at.how.loopback);
    return how.trusted_proxy;
  };
  CHECK(trusts("10.1.2.3:5000", tcp, proxies));
  CHECK(trusts("[::ffff:10.1.2.3]:5000", tcp, proxies));
  CHECK(trusts("[fe80::1%eth0]:5000", tcp, proxies));
  CHECK_FALSE(trusts("192.0.2.7:5000", tcp, proxies));
  CHECK_FALSE(trusts("10.1.2.3:5000", tcp, std::vector<std::string>{}));
  CHECK_FALSE(trusts("10.1.2.3:5000", tcp, std::vector<std::string>{"unix"}));
  // A client chooses the path of its own socket.
  CHECK_FALSE(trusts("10.1.2.3:5000", local, proxies));
  CHECK(trusts("", local, std::vector<std::string>{"unix"}));

  CHECK(detail::checked_proxies(proxies) == proxies);
  CHECK_THROWS_AS(detail::checked_proxies({"10.0.0.0/8", "proxy.example"}), std::invalid_argument);
}

TEST_CASE("a limit for each address counts a /64 of IPv6, and a mapped address as its IPv4",
          "[abuse]") {
  const auto counted = [](const char* address) {
    return detail::counted_address(asio::ip::tcp::endpoint{asio::ip::make_address(address), 80});
  };
  CHECK(counted("192.0.2.7") == "192.0.2.7");
  CHECK(counted("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(counted("2001:db8:1:2::1") == "2001:db8:1:2::/64");
  CHECK(counted("2001:db8:1:2:ffff:ffff:ffff:ffff") == counted("2001:db8:1:2::1"));
  CHECK(counted("2001:db8:1:3::1") != counted("2001:db8:1:2::1"));
  CHECK(counted("fe80::1%1") == counted("fe80::2%1"));
  CHECK(counted("fe80::1%1") != counted("fe80::1%2"));
  const asio::local::stream_protocol::endpoint where{"/run/a.sock"};
  CHECK(detail::counted_address(where) == "/run/a.sock");
}

TEST_CASE("an address to listen on is an IP address, and a name is an error that shows it") {
  CHECK(detail::text_of(detail::listen_endpoint("127.0.0.1", 80)) == "127.0.0.1:80");
  CHECK(detail::text_of(detail::listen_endpoint("::", 0)) == "[::]:0");
  const std::string address =
      GENERATE("localhost", "", "127.0.0.1:80", "[::1]", "127.1", "*", "example.com");
  try {
    detail::listen_endpoint(address, 80);
    FAIL("taken");
  } catch (const std::system_error& error) {
    CHECK(error.code() == errc::bad_listen_address);
    CHECK(std::string{error.what()} ==
          "address \"" + address + "\": the address to listen on is not an IP address");
  }
}
