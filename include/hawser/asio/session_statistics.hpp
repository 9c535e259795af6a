// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace hawser {

/// The counters of a session.
struct session_statistics {
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;  ///< Of messages, after decoding
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_dropped = 0;  ///< By send_budget::policy::drop
  std::optional<std::chrono::steady_clock::duration> round_trip = {};
};

}  // namespace hawser
