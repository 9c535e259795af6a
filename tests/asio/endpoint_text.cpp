// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/endpoint_text.hpp"

#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

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
