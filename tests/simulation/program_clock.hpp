// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace hawser::test {

/// The steady clock of the whole program, including the drivers and Asio. Only a run advances it.
/// program_clock.cpp replaces the real one. Unlike a virtual_clock, which contexts use in place of their timer, it
/// covers what programs run: Asio's timers, the coarse ticks of `deadlines`, and each call of steady_clock::now().
struct program_clock {
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr time_point start{std::chrono::hours{1}};
  inline static time_point now = start;
};

}  // namespace hawser::test
