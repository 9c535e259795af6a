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
