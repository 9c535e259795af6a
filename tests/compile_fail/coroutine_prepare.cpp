// SPDX-License-Identifier: BSL-1.0
// Refused: a coroutine would never run, another result would be ignored
// Lines: 10
#include "hawser/asio/client_options.hpp"

void refused(hawser::client_options& options) {
#ifdef COMPLETE
  options.prepare = [](hawser::connect_options&) {};
#else
  options.prepare = [](hawser::connect_options&) -> asio::awaitable<void> { co_return; };
#endif
}
