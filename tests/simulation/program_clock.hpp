// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace hawser::test {

/// The steady clock of the whole program, that of the drivers and of Asio included: it stands until a
/// run moves it. program_clock.cpp puts it in the place of the real one.
struct program_clock {
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr time_point start{std::chrono::hours{1}};
  inline static time_point now = start;
};

}  // namespace hawser::test
