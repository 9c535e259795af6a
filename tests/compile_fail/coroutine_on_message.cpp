// SPDX-License-Identifier: BSL-1.0
// Refused: on_message wants void(session&, message_view)
// Lines: 10
#include "hawser/asio/server.hpp"

void refused(hawser::server& server) {
#ifdef COMPLETE
  server.on_message([](hawser::session&, hawser::message_view) {});
#else
  server.on_message(
      [](hawser::session, hawser::message_view) -> asio::awaitable<void> { co_return; });
#endif
}
