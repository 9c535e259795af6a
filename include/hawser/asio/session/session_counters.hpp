// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "hawser/asio/session/shared_counter.hpp"
#include "hawser/asio/session_statistics.hpp"

namespace hawser::detail {

/// Counts what a session has sent and received, on its own thread. Any thread may read.
class session_counters {
 public:
  void count_received(std::size_t size, bool ends_message = true) noexcept {
    if (ends_message) messages_received_.add(1);
    bytes_received_.add(size);
  }

  void count_sent(std::size_t size, bool ends_message = true) noexcept {
    if (ends_message) messages_sent_.add(1);
    bytes_sent_.add(size);
  }

  void set_round_trip(std::chrono::steady_clock::duration last) noexcept {
    round_trip_.set(static_cast<std::uint64_t>(last.count()));
  }

  session_statistics statistics() const noexcept {
    session_statistics now;
    now.messages_received = messages_received_.get();
    now.bytes_received = bytes_received_.get();
    now.messages_sent = messages_sent_.get();
    now.bytes_sent = bytes_sent_.get();
    if (const auto ticks = round_trip_.get(); ticks != 0) {
      now.round_trip = std::chrono::steady_clock::duration{ticks};
    }
    return now;
  }

 private:
  shared_counter messages_received_;
  shared_counter bytes_received_;
  shared_counter messages_sent_;
  shared_counter bytes_sent_;
  shared_counter round_trip_;  // in ticks; 0: not measured
};

}  // namespace hawser::detail
