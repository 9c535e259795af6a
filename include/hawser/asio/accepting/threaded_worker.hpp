// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <thread>

#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/shutdown_options.hpp"

namespace hawser::detail {

/// One connection of a threaded server, under the server's lock. Both pointers are null while there
/// is nothing to end.
template <class Transport, class Peer>
struct threaded_worker {
  std::thread thread = {};
  Transport* opening = nullptr;  // during the handshakes
  Peer* open = nullptr;
  bool done = false;

  /// Makes its handshake answer 503.
  void refuse() {
    if (opening != nullptr) opening->stop_reading();
  }

  /// Begins to close it: a handshake with 503, a connection with the server's Close frame.
  void close(const farewell& last) {
    refuse();
    if (open == nullptr) return;
    with_memory([&] { open->begin_close(last.code, last.reason); }, [this] { open->close_now(); });
  }

  /// Ends it at once.
  void abort() {
    if (opening != nullptr) opening->abort();
    if (open != nullptr) open->close_now();
  }
};

}  // namespace hawser::detail
