// SPDX-License-Identifier: BSL-1.0
// Refused: on_part wants void(session&, const message_part&)
// Lines: 10
#include "hawser/asio/route.hpp"

void refused(hawser::route& route) {
#ifdef COMPLETE
  route.on_part([](hawser::session&, const hawser::message_part&) {});
#else
  route.on_part([](hawser::session&, hawser::message_view) {});
#endif
}
