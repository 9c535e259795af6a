// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>

namespace hawser {

/// A clock that stands still until it is told otherwise, so that what takes minutes can be tried in
/// no time. Any thread may ask and advance it.
class virtual_clock {
 public:
  using duration = std::chrono::steady_clock::duration;
  using time_point = std::chrono::steady_clock::time_point;

  /// Where the clock stands; a day past the epoch at first, which is neither zero nor near it.
  time_point now() const noexcept { return time_point{duration{ticks_}}; }

  /// Lets time pass. `time` is not negative.
  void advance(duration time) noexcept { ticks_ += time.count(); }

  /// Lets time pass until `then`. A clock that is there already, or further, stays where it is.
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
