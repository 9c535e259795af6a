// SPDX-License-Identifier: BSL-1.0
// Refused: on_ping wants void(session&, const ping&)
// Lines: 10
#include "hawser/asio/server.hpp"

void refused(hawser::server& server) {
#ifdef COMPLETE
  server.on_ping([](auto&, const auto&) {});
#else
  server.on_ping(nullptr);
#endif
}
