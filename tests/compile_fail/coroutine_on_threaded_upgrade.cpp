// SPDX-License-Identifier: BSL-1.0
// Refused: on_upgrade wants void(threaded_upgrade&)
// Lines: 10
#include <asio/awaitable.hpp>

#include "hawser/asio/threaded_server.hpp"

void refused(hawser::threaded_server& server) {
#ifdef COMPLETE
  server.on_upgrade([](hawser::threaded_upgrade& asked) { asked.accept(); });
#else
  server.on_upgrade([](hawser::threaded_upgrade&) -> asio::awaitable<void> { co_return; });
#endif
}
