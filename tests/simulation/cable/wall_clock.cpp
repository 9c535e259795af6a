// SPDX-License-Identifier: BSL-1.0
#include "simulation/cable/wall_clock.hpp"

#include <chrono>

std::chrono::system_clock::time_point std::chrono::system_clock::now() noexcept {
  return hawser::test::wall_clock::now;
}
