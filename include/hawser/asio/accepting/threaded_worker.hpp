// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <thread>

#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/frame/close_code.hpp"

namespace hawser::detail {

/// One connection of a threaded server, under the server's lock. Both pointers are null while there
/// is nothing to end.
template <class Transport, class Peer>
struct threaded_worker {
  std::thread thread = {};
  Transport* opening = nullptr;  // during the handshakes
  Peer* open = nullptr;
  bool done = false;

  /// Begins to end it when the server stops: a handshake with 503, a connection with 1001.
  void send_away() {
    if (opening != nullptr) opening->stop_reading();
    if (open == nullptr) return;
    with_memory([this] { open->begin_close(close_code::going_away); },
                [this] { open->close_now(); });
  }

  /// Ends it at once.
  void abort() {
    if (opening != nullptr) opening->abort();
    if (open != nullptr) open->close_now();
  }
};

}  // namespace hawser::detail
