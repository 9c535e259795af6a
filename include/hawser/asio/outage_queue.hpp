// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace hawser {

/// How a client queues messages while it has no connection: before the first one, and between two.
struct outage_queue {
  /// The memory that the queued messages may occupy, in bytes: their payloads, and about 60 to 200
  /// bytes per message. They are sent on the next connection, whenever that is, and dropped when the client
  /// ends. At most half of send_budget::hard. 0: nothing is queued, and send() fails with errc::closed.
  std::size_t most = 1024 * 1024;

  enum class policy : std::uint8_t {
    refuse,       ///< send() fails with errc::send_budget_exceeded
    drop_oldest,  ///< The oldest messages are dropped
  };
  policy when_full = policy::refuse;
};

}  // namespace hawser
