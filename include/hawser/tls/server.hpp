// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/streams.hpp"

#if !defined(HAWSER_COMPILED_TLS)
#include "hawser/asio/listen.hpp"
#endif

#if defined(HAWSER_COMPILED_TLS)
namespace hawser::detail {
extern template struct listener_maker<asio::ip::tcp, own_threads, tls_streams>;
extern template struct listener_maker<asio::ip::tcp, shared_threads, tls_streams>;
extern template struct listener_maker<asio::local::stream_protocol, own_threads, tls_streams>;
extern template struct listener_maker<asio::local::stream_protocol, shared_threads, tls_streams>;
}  // namespace hawser::detail
#endif

namespace hawser {

/// A server for wss:, made from its options and a tls_server_context; otherwise like `server`. It
/// listens in cleartext only if listen() gets plain_streams; listen(endpoint) through a `server&`
/// throws std::logic_error. The TLS handshake is part of the opening handshake and its timeout.
/// Over the connection limit, connections are closed without a response, to save the TLS handshake.
class tls_server : public server {
 public:
  /// Listens for wss: on the address and port of the options, unless their `listener` is none.
  /// Throws std::system_error on failure. run() serves on the server's own threads.
  tls_server(server_options options, tls_server_context context)
      : server{without_listener(options)}, streams_{std::move(context)} {
    listen_first(options);
  }

  /// The same on an executor or a context of yours: see server.
  template <class Where>
  tls_server(Where&& where, server_options options, tls_server_context context)
      : server{std::forward<Where>(where), without_listener(options)},
        streams_{std::move(context)} {
    listen_first(options);
  }

  /// Listens for wss: on another endpoint, TCP or Unix socket, and returns the actual endpoint: a
  /// port of 0 is replaced by the chosen one. Throws std::system_error on failure.
  template <class Endpoint>
  Endpoint listen(const Endpoint& where) {
    return server::listen(where, streams_);
  }

  /// The same with other streams: plain_streams for ws:, or tls_streams with another context.
  template <class Endpoint, class MakeStream>
  Endpoint listen(const Endpoint& where, MakeStream make_stream) {
    return server::listen(where, std::move(make_stream));
  }

 private:
  static server_options without_listener(server_options options) {
    options.listener = first_listener::none;
    return options;
  }

  void listen_first(const server_options& options) {
    set_secure_by_default();
    if (options.listener == first_listener::none) return;
    listen(detail::listen_endpoint(options.address, options.port));
  }

  tls_streams streams_;
};

}  // namespace hawser
