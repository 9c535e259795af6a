// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/thread_kept.hpp"

namespace hawser {

/// Memory for buffers that are needed for a moment, kept by each thread: connections that have nothing
/// to store have no memory of their own, and the next one that has finds some that is warm.
class buffer_pool {
 public:
  /// An empty buffer, with the memory of one that was given back if there is one.
  static byte_buffer take() noexcept {
    auto* const kept = of_thread::get();
    if (kept == nullptr || kept->count == 0) return byte_buffer{};
    return std::move(kept->buffers[--kept->count]);
  }

  /// Gives a buffer back, from whatever thread it was taken. Very large ones are freed.
  static void give(byte_buffer&& buffer) noexcept {
    byte_buffer given{std::move(buffer)};
    auto* const kept = of_thread::get();
    if (given.capacity() == 0 || given.capacity() > largest) return;
    if (kept == nullptr || kept->count == most) return;
    given.clear();
    kept->buffers[kept->count++] = std::move(given);
  }

  /// Frees what this thread keeps.
  static void clear() noexcept {
    if (auto* const kept = of_thread::get()) *kept = stack{};
  }

 private:
  static constexpr std::size_t largest = 256 * 1024;
  static constexpr std::size_t most = 4;

  struct stack {
    std::array<byte_buffer, most> buffers;
    std::size_t count = 0;
  };

  using of_thread = thread_kept<stack>;
};

}  // namespace hawser
