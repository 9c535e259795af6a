// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include "hawser/tls/server_context.hpp"
#include "hawser/tls/stream.hpp"

namespace hawser {

/// Makes a listener of `server` one for wss:
/// `server.listen(endpoint, tls_streams{context})`. The TLS handshake counts as a part of the opening
/// handshake; who comes when the server is full is dropped without a word.
class tls_streams {
 public:
  explicit tls_streams(tls_server_context context) : context_{std::move(context)} {}

  template <class Socket>
  tls_stream<Socket> operator()(Socket socket) const {
    return {std::move(socket), context_};
  }

 private:
  tls_server_context context_;
};

}  // namespace hawser
