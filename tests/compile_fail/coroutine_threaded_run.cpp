// SPDX-License-Identifier: BSL-1.0
// Refused: run wants void(peer&) or void(peer&, const request&)
// Lines: 10
#include <asio/awaitable.hpp>

#include "hawser/asio/threaded_server.hpp"

void refused(hawser::threaded_server& server) {
#ifdef COMPLETE
  server.run([](auto& peer) { peer.read(); });
#else
  server.run([](auto&) -> asio::awaitable<void> { co_return; });
#endif
}
