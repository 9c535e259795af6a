// SPDX-License-Identifier: BSL-1.0

// The headers and the templates of the drivers compile with many warnings as errors, without the executors
// of Asio's early versions, and without run-time type information.

#include <string_view>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>

#include "every_header.hpp"

template class hawser::websocket<hawser::memory_pipe>;
template class hawser::websocket<hawser::socket_transport>;
template class hawser::websocket<hawser::tls_transport<hawser::socket_transport>>;
template class hawser::async_websocket<asio::ip::tcp::socket>;
template class hawser::async_websocket<hawser::tls_stream<asio::ip::tcp::socket>>;
template class hawser::basic_reconnecting_websocket<hawser::default_layer>;

template <class Stream>
asio::awaitable<void> talk(hawser::async_websocket<Stream> peer, const hawser::uri& where) {
  hawser::message received;
  hawser::received_part part;
  co_await peer.async_connect(where, asio::use_awaitable);
  co_await peer.async_accept(asio::use_awaitable);
  co_await peer.async_read(received, asio::use_awaitable);
  co_await peer.async_read_part(part, asio::use_awaitable);
  co_await peer.async_write(std::string_view{"ahoy"}, asio::use_awaitable);
  co_await peer.async_ping({}, asio::use_awaitable);
  co_await peer.async_close(hawser::close_code::normal, "", asio::use_awaitable);
}

inline asio::awaitable<void> talk_over_both(asio::ip::tcp::socket socket,
                                            const hawser::uri& where) {
  using stream = asio::basic_stream_socket<asio::ip::tcp, asio::strand<asio::any_io_executor>>;
  const auto strand = asio::make_strand(socket.get_executor());
  co_await talk(hawser::async_websocket<stream>{stream{strand}}, where);
  co_await talk(hawser::async_websocket<asio::ip::tcp::socket>{std::move(socket)}, where);
}

int main() {}
