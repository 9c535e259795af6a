// SPDX-License-Identifier: BSL-1.0
#include "simulation/program_clock.hpp"

#include <chrono>

std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
  return hawser::test::program_clock::now;
}
