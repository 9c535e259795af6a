// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

#include "hawser/tls/server_context.hpp"
#include "hawser/tls/stream.hpp"

namespace hawser {

/// Makes a listener of `server` one for wss:, beside others for ws::
/// `server.listen(endpoint, tls_streams{context})`; see tls_server for a server without the others. The
/// TLS handshake counts as a part of the opening handshake; a client that comes when the server is full
/// is dropped without an answer.
class tls_streams {
 public:
  /// A stream is made when the client has sent its first byte.
  static constexpr bool client_speaks_first = true;

  explicit tls_streams(tls_server_context context)
      : context_{std::make_shared<const tls_server_context>(std::move(context))} {}

  template <class Socket>
  tls_stream<Socket> operator()(Socket socket) const {
    return {std::move(socket), *context_};
  }

 private:
  std::shared_ptr<const tls_server_context> context_;  // copies share it
};

}  // namespace hawser
