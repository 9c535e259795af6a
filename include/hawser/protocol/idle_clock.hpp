// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <utility>

#include "hawser/protocol/deadline.hpp"

namespace hawser {

/// Measures how long a connection has carried no message, with the time as an argument.
class idle_clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// Expires after `timeout`; zero: never.
  constexpr explicit idle_clock(duration timeout) noexcept : timeout_{timeout} {}

  /// A message, or a piece of one, has arrived at `now`.
  constexpr void received(time_point now) noexcept { since_ = now; }

  /// Restarts at the next advance(), because a message is queued. While output waits there is no advance(),
  /// so the time begins when all output is written.
  constexpr void restart() noexcept { restarts_ = true; }

  /// Whether the timeout has expired.
  constexpr bool is_over(time_point now) const noexcept { return !restarts_ && now >= deadline(); }

  /// The same, and restarts at `now` if restart() was called.
  constexpr bool advance(time_point now) noexcept {
    if (std::exchange(restarts_, false)) since_ = now;
    return is_over(now);
  }

  constexpr duration timeout() const noexcept { return timeout_; }

  /// The time at which advance() has something to do; max() if never.
  constexpr time_point deadline() const noexcept { return time_limit(since_, timeout_); }

 private:
  duration timeout_;
  time_point since_{};
  bool restarts_ = true;
};

}  // namespace hawser
