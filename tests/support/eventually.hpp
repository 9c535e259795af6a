// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <thread>

namespace hawser::test {

/// How long a test waits for what must happen soon. Nothing waits as long unless it is wrong.
constexpr std::chrono::seconds soon{60};

/// Whether a condition that other threads bring about holds soon. Calls it again and again until it
/// does, so that a test fails, and does not hang, if it never does.
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
