// SPDX-License-Identifier: BSL-1.0
// Refused: session::on_drained wants void()
// Lines: 10
#include "hawser/asio/session.hpp"

void refused(const hawser::session& session) {
#ifdef COMPLETE
  session.on_drained([] {});
#else
  session.on_drained([](hawser::session&) {});
#endif
}
