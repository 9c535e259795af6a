// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/thread_kept.hpp"

namespace hawser {

/// Buffers for short use, pooled per thread. A connection that stores nothing then holds no memory,
/// and a new buffer is often still in the cache. All functions may be called on any thread; each
/// uses the calling thread's pool.
class buffer_pool {
 public:
  /// Returns an empty buffer, with the memory of a pooled one if there is one.
  static byte_buffer take() noexcept {
    auto* const kept = of_thread::get();
    if (kept == nullptr || kept->count == 0) return byte_buffer{};
    return std::move(kept->buffers[--kept->count]);
  }

  /// Puts a buffer into the calling thread's pool, whichever thread took it. A buffer above 256
  /// KiB, or a fifth one, is freed instead.
  static void give(byte_buffer&& buffer) noexcept {
    byte_buffer given{std::move(buffer)};
    auto* const kept = of_thread::get();
    if (given.capacity() == 0 || given.capacity() > largest) return;
    if (kept == nullptr || kept->count == most) return;
    given.clear();
    kept->buffers[kept->count++] = std::move(given);
  }

  /// Frees the buffers that are pooled for this thread.
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
