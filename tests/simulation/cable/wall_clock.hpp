// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace hawser::test {

/// The system clock of the whole program, which only a run advances. wall_clock.cpp replaces the real one.
struct wall_clock {
  using time_point = std::chrono::system_clock::time_point;

  static constexpr time_point start{std::chrono::seconds{1'700'000'000}};
  inline static time_point now = start;
};

}  // namespace hawser::test
