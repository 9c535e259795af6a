// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "hawser/pubsub/history_store.hpp"

namespace hawser::cable {

using hawser::history_options;
using hawser::history_position;

/// What is kept of all streams. Beyond a limit, the stream whose last message is the oldest is forgotten.
struct history_limits {
  std::size_t max_streams = 10'000;          ///< Zero: no limit
  std::size_t max_bytes = 64 * 1024 * 1024;  ///< Of messages and their overhead. Zero: no limit
};

/// The time, by the clock that deadlines use and by that which clients know.
struct history_time {
  std::chrono::steady_clock::time_point steady;
  std::int64_t unix_seconds = 0;
};

}  // namespace hawser::cable
