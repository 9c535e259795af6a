// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/unacknowledged.hpp"

#include <cstddef>
#include <system_error>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <poll.h>

#include "support/catch.hpp"
#include "support/eventually.hpp"

using hawser::detail::unacknowledged;
using hawser::test::eventually;

namespace {

bool is_writable(int handle) {
  pollfd waiting{.fd = handle, .events = POLLOUT, .revents = 0};
  return ::poll(&waiting, 1, 0) == 1;
}

TEST_CASE("a peer that reads a little is detected before the socket accepts more", "[abuse]") {
  using asio::ip::tcp;
  asio::io_context context;
  tcp::acceptor listener{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  tcp::socket near{context};
  near.connect(listener.local_endpoint());
  auto far = listener.accept();
  near.non_blocking(true);
  CHECK(unacknowledged(near.native_handle()) == 0);
  const std::vector<std::byte> some(64 * 1024);
  std::error_code ec;
  const auto fill = [&] {
    for (ec = {}; !ec;) near.write_some(asio::buffer(some), ec);
    CHECK(ec == asio::error::would_block);
  };
  // The kernel's buffers grow at first.
  for (int i = 0; i < 10; ++i) fill();
  CHECK_FALSE(is_writable(near.native_handle()));
  const auto before = unacknowledged(near.native_handle());
  CHECK(before > 0);
  std::vector<std::byte> buffer(64 * 1024);
  CHECK(eventually([&] {
    far.read_some(asio::buffer(buffer));
    return unacknowledged(near.native_handle()) < before;
  }));
  CHECK_FALSE(is_writable(near.native_handle()));
}

TEST_CASE("a descriptor that is not a socket has nothing unacknowledged") {
  CHECK(unacknowledged(-1) == 0);
}

}  // namespace
