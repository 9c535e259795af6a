// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace hawser::cable {

/// What is kept of one stream.
struct history_options {
  std::size_t max_messages = 100;  ///< The newest ones. Zero: no limit

  /// How long a message is kept. The offset of the stream, without messages, is kept ten times as long after the
  /// last message. Zero: no limit.
  std::chrono::seconds ttl{300};
};

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

/// The place of a message in its stream. Offsets begin at 1 and grow by 1. An epoch is a sequence without gaps: no
/// two of them have one name.
struct history_position {
  std::string epoch;
  std::uint64_t offset = 0;

  bool operator==(const history_position&) const = default;
};

}  // namespace hawser::cable
