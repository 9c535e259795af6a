// SPDX-License-Identifier: BSL-1.0
// Refused: on_open wants void(session&)
// Lines: 10
#include "hawser/asio/route.hpp"

void refused(hawser::route& route) {
#ifdef COMPLETE
  route.on_open([](hawser::session& open) { open.send("hello"); });
#else
  route.on_open([](hawser::session& open) { return open.send("hello"); });
#endif
}
