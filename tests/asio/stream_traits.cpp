// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/stream_traits.hpp"

#include <system_error>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>

#include "support/catch.hpp"

using namespace hawser;

namespace {

using local_socket = asio::local::stream_protocol::socket;
using traits = stream_traits<local_socket>;

/// A stream that can only be closed.
struct plain_stream {
  void close() { closed = true; }
  bool closed = false;
};

static_assert(traits::is_direct && stream_traits<asio::ip::tcp::socket>::is_direct);
static_assert(!stream_traits<plain_stream>::is_direct);

TEST_CASE("an open socket never waits, can be ended one way, and closed") {
  asio::io_context context;
  local_socket near{context};
  local_socket far{context};
  asio::local::connect_pair(near, far);
  traits::open(near);
  char byte = 0;
  std::error_code ec;
  near.read_some(asio::buffer(&byte, 1), ec);
  CHECK(ec == asio::error::would_block);

  CHECK(traits::end(near));
  far.read_some(asio::buffer(&byte, 1), ec);
  CHECK(ec == asio::error::eof);
  far.write_some(asio::buffer("x", 1));
  CHECK(near.read_some(asio::buffer(&byte, 1)) == 1);

  traits::close(near);
  CHECK_FALSE(near.is_open());
}

TEST_CASE("of another stream nothing is known but that it can be closed") {
  plain_stream stream;
  stream_traits<plain_stream>::open(stream);
  CHECK_FALSE(stream_traits<plain_stream>::end(stream));
  stream_traits<plain_stream>::close(stream);
  CHECK(stream.closed);
}

}  // namespace
