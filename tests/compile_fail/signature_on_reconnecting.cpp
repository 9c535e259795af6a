// SPDX-License-Identifier: BSL-1.0
// Refused: on_reconnecting wants void(unsigned, std::chrono::steady_clock::duration
// Lines: 10
#include "hawser/asio/reconnecting_websocket.hpp"

void refused(hawser::reconnecting_websocket& peer) {
#ifdef COMPLETE
  peer.on_reconnecting([](unsigned, std::chrono::steady_clock::duration, std::error_code) {});
#else
  peer.on_reconnecting([](std::error_code) {});
#endif
}
