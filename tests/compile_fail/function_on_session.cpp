// SPDX-License-Identifier: BSL-1.0
// Refused: on_session wants asio::awaitable<void>(session), a coroutine
// Lines: 10
#include "hawser/asio/client.hpp"

void refused(hawser::client& client) {
#ifdef COMPLETE
  client.on_session([](hawser::session) -> asio::awaitable<void> { co_return; });
#else
  client.on_session([](hawser::session) {});
#endif
}
