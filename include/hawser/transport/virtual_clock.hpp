// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>

namespace hawser {

/// A clock that only moves when it is advanced, so that a test of minutes takes no time. May be
/// used on any thread.
class virtual_clock {
 public:
  using duration = std::chrono::steady_clock::duration;
  using time_point = std::chrono::steady_clock::time_point;

  /// The time of the clock. It begins one day after the epoch, so that it is not near zero.
  time_point now() const noexcept { return time_point{duration{ticks_}}; }

  /// Advances the clock by `time`, which must not be negative.
  void advance(duration time) noexcept { ticks_ += time.count(); }

  /// Advances the clock to `then`. Does nothing if the clock is already there or later.
  void advance_to(time_point then) noexcept {
    auto ticks = ticks_.load();
    const auto wanted = then.time_since_epoch().count();
    while (ticks < wanted && !ticks_.compare_exchange_weak(ticks, wanted)) {
    }
  }

 private:
  std::atomic<duration::rep> ticks_{duration{std::chrono::hours{24}}.count()};
};

}  // namespace hawser
