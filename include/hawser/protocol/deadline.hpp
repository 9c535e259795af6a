// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace hawser {

/// The point of time `wait` after `from`, or max() if there is none: a user may wait "for ever".
constexpr std::chrono::steady_clock::time_point deadline_after(
    std::chrono::steady_clock::time_point from, std::chrono::steady_clock::duration wait) noexcept {
  constexpr auto never = (std::chrono::steady_clock::time_point::max)();
  return wait.count() > 0 && from > never - wait ? never : from + wait;
}

/// The deadline that a time-out of the options sets at `from`. Zero means that there is none: max().
constexpr std::chrono::steady_clock::time_point time_limit(
    std::chrono::steady_clock::time_point from,
    std::chrono::steady_clock::duration timeout) noexcept {
  return timeout == timeout.zero() ? (std::chrono::steady_clock::time_point::max)()
                                   : deadline_after(from, timeout);
}

/// What is left until such a deadline, as a time-out: zero only if there is no deadline.
constexpr std::chrono::steady_clock::duration time_left(
    std::chrono::steady_clock::time_point deadline,
    std::chrono::steady_clock::time_point now) noexcept {
  using duration = std::chrono::steady_clock::duration;
  if (deadline == (std::chrono::steady_clock::time_point::max)()) return duration::zero();
  return deadline > now ? deadline - now : duration{1};
}

}  // namespace hawser
