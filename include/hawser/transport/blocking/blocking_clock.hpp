// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>

#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// Decides how long a thread of a blocking driver waits. Used under the lock of the connection.
template <class Connection>
class blocking_clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// `connection` must outlive this object.
  blocking_clock(Connection& connection, duration close_timeout)
      : connection_{connection}, longest_wait_{(std::max)(close_timeout, least_wait)} {}

  /// Sets the connection's time, and returns the time until which a thread may wait. A waiting thread
  /// does not notice that another one begins to close, so it waits for at most the close timeout.
  time_point deadline(time_point now) {
    connection_.resumed(now);
    return (std::min)(connection_.deadline(), deadline_after(now, longest_wait_));
  }

 private:
  static constexpr duration least_wait = std::chrono::milliseconds{100};

  Connection& connection_;
  const duration longest_wait_;
};

}  // namespace hawser::detail
