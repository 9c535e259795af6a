// SPDX-License-Identifier: BSL-1.0
// Refused: on_close wants void(session&, const closed&)
// Lines: 10
#include <future>

#include "hawser/asio/client.hpp"

void refused(hawser::client& client) {
#ifdef COMPLETE
  client.on_close([](hawser::session&, const hawser::closed&) {});
#else
  client.on_close([](hawser::session&, const hawser::closed&) { return std::future<void>{}; });
#endif
}
