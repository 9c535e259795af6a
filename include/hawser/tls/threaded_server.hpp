// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <system_error>
#include <utility>

#include <asio/ip/tcp.hpp>

#include "hawser/asio/threaded_server.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/transport.hpp"

namespace hawser {

/// The TLS layer between the sockets and the connections of a basic_threaded_server.
class tls_layer {
 public:
  static constexpr bool is_plain = false;

  // Not explicit, so that a server can be made from options and a context.
  tls_layer(tls_server_context context) noexcept : context_{std::move(context)} {}

  template <class Stream>
  tls_transport<Stream> wrap(Stream socket) const {
    // The server keeps this layer while it has connections.
    return {std::move(socket), [this](std::error_code& ec) { return context_.make_ssl(ec); }};
  }

  template <class Stream>
  void open(Stream& stream, std::chrono::steady_clock::time_point until,
            std::error_code& ec) const {
    stream.handshake(until, ec);
  }

 private:
  tls_server_context context_;
};

/// A threaded_server for wss:, made from its options and a tls_server_context. The TLS handshake
/// runs on the connection's thread and is part of the opening handshake and its timeout. Over the
/// connection limit, connections are closed without a response, to save the TLS handshake.
using tls_threaded_server = basic_threaded_server<asio::ip::tcp, tls_layer>;

}  // namespace hawser
