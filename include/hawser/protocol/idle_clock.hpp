// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <utility>

#include "hawser/protocol/deadline.hpp"

namespace hawser {

/// How long a connection has carried no message, with time as an argument.
class idle_clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// Patient for `timeout`; zero: for ever.
  constexpr explicit idle_clock(duration timeout) noexcept : timeout_{timeout} {}

  /// A message, or a piece of one, has arrived at `now`.
  constexpr void received(time_point now) noexcept { since_ = now; }

  /// Counts anew from the next advance() on: a message is queued, or the driver does not read. While output
  /// waits there is no advance(), so the time begins when all of it is written.
  constexpr void restart() noexcept { restarts_ = true; }

  /// Whether patience is over.
  constexpr bool is_over(time_point now) const noexcept { return !restarts_ && now >= deadline(); }

  /// The same, at a time from which to count if need be.
  constexpr bool advance(time_point now) noexcept {
    if (std::exchange(restarts_, false)) since_ = now;
    return is_over(now);
  }

  /// When advance() has something to do; max() if never.
  constexpr time_point deadline() const noexcept { return time_limit(since_, timeout_); }

 private:
  duration timeout_;
  time_point since_{};
  bool restarts_ = true;
};

}  // namespace hawser
