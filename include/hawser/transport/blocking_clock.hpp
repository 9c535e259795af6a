// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>

#include "hawser/protocol/close_machine.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// Passes the time to the connection of a blocking driver. Used under the lock of the connection.
template <class Connection>
class blocking_clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// `connection` must outlive this object.
  blocking_clock(Connection& connection, duration close_timeout)
      : connection_{connection}, longest_wait_{(std::max)(close_timeout, least_wait)} {}

  void advance(time_point now) {
    const bool idle = has_no_output();
    connection_.advance(now);
    if (idle && connection_.wants().write) pinged_ = true;
  }

  /// The same, except that an answer to the keep-alive, or a message, is not overdue yet: it may have
  /// arrived while no thread read.
  void advance_leniently(time_point now) {
    const auto due = connection_.deadline();
    const bool waits = (pinged_ && has_no_output()) || connection_.lacks_input(now);
    if (waits && now >= due && due != (time_point::min)()) now = due - duration{1};
    advance(now);
  }

  /// Bytes arrived at `now`.
  void received(time_point now) {
    connection_.received(now);
    pinged_ = false;
  }

  /// The time until which a thread may wait for input. A waiting thread does not notice that
  /// another one begins to close, so it waits for at most the close timeout.
  time_point deadline(time_point now) {
    advance_leniently(now);
    return (std::min)(connection_.deadline(), deadline_after(now, longest_wait_));
  }

 private:
  static constexpr duration least_wait = std::chrono::milliseconds{100};

  bool has_no_output() const {
    const bool can_write = connection_.state() == close_state::open && !connection_.output_error();
    return can_write && !connection_.wants().write;
  }

  Connection& connection_;
  const duration longest_wait_;
  bool pinged_ = false;  // the keep-alive waits for an answer
};

}  // namespace hawser::detail
