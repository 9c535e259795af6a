// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

namespace hawser::detail {

/// A mutex of four bytes, for objects that exist in thousands and are rarely locked by two threads
/// at the same time. Use it with std::lock_guard.
class small_mutex {
 public:
  void lock() noexcept {
    auto before = free;
    if (state_.compare_exchange_strong(before, held, std::memory_order_acquire)) return;
    // A thread that had to wait leaves `awaited` behind: other threads may be waiting.
    while (state_.exchange(awaited, std::memory_order_acquire) != free) {
      state_.wait(awaited, std::memory_order_relaxed);
    }
  }

  void unlock() noexcept {
    if (state_.exchange(free, std::memory_order_release) == awaited) state_.notify_one();
  }

 private:
  static constexpr std::uint32_t free = 0;
  static constexpr std::uint32_t held = 1;
  static constexpr std::uint32_t awaited = 2;

  std::atomic<std::uint32_t> state_ = free;
};

}  // namespace hawser::detail
