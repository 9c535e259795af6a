// SPDX-License-Identifier: BSL-1.0
// Refused: on_upgrade wants void(upgrade&)
// Lines: 10
#include "hawser/asio/server.hpp"

void refused(hawser::server& server) {
#ifdef COMPLETE
  server.on_upgrade([](hawser::upgrade& asked) { asked.accept(); });
#else
  server.on_upgrade([](hawser::upgrade asked) -> asio::awaitable<void> {
    asked.reject(403);
    co_return;
  });
#endif
}
