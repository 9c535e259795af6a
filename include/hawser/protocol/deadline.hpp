// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace hawser {

/// The time `wait` after `from`, or max() if that overflows.
constexpr std::chrono::steady_clock::time_point deadline_after(
    std::chrono::steady_clock::time_point from, std::chrono::steady_clock::duration wait) noexcept {
  constexpr auto never = (std::chrono::steady_clock::time_point::max)();
  return wait.count() > 0 && from > never - wait ? never : from + wait;
}

/// The deadline of a timeout that begins at `from`. A timeout of zero means no deadline: max().
constexpr std::chrono::steady_clock::time_point time_limit(
    std::chrono::steady_clock::time_point from,
    std::chrono::steady_clock::duration timeout) noexcept {
  return timeout == timeout.zero() ? (std::chrono::steady_clock::time_point::max)()
                                   : deadline_after(from, timeout);
}

/// The time left until `deadline`, as a timeout: zero only if there is no deadline.
constexpr std::chrono::steady_clock::duration time_left(
    std::chrono::steady_clock::time_point deadline,
    std::chrono::steady_clock::time_point now) noexcept {
  using duration = std::chrono::steady_clock::duration;
  if (deadline == (std::chrono::steady_clock::time_point::max)()) return duration::zero();
  return deadline > now ? deadline - now : duration{1};
}

}  // namespace hawser
