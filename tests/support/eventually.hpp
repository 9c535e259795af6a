// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <thread>

namespace hawser::test {

/// How long a test waits for an event that must happen soon. Only a failing test waits so long.
constexpr std::chrono::seconds soon{60};

/// Whether a condition that other threads make true holds soon. Calls it repeatedly until then; a test
/// fails, and does not hang, if it never holds.
template <class Condition>
bool eventually(Condition holds) {
  const auto until = std::chrono::steady_clock::now() + soon;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace hawser::test
