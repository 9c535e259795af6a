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

}  // namespace hawser
