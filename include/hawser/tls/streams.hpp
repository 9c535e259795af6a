// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include "hawser/tls/server_context.hpp"
#include "hawser/tls/stream.hpp"

namespace hawser {

/// Makes a listener of `server` use TLS, beside others for ws:: `server.listen(endpoint,
/// tls_streams{context})`. For a server for wss: only, see tls_server. The TLS handshake is part of
/// the opening handshake and its timeout. Over the connection limit, connections are closed without
/// a response, to save the TLS handshake.
class tls_streams {
 public:
  /// The stream is made when the client's first byte has arrived.
  static constexpr bool client_speaks_first = true;

  explicit tls_streams(tls_server_context context) noexcept : context_{std::move(context)} {}

  template <class Socket>
  tls_stream<Socket> operator()(Socket socket) const {
    return {std::move(socket), context_};
  }

 private:
  tls_server_context context_;
};

}  // namespace hawser
