// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace hawser::test {

/// Counts the heap memory of the whole program during its lifetime. Checks of Catch allocate too, so read
/// the values first and check them afterwards. One file of the executable must include support/heap.hpp.
class heap_meter {
 public:
  heap_meter() noexcept : start_{now} {
    peak = now.load();
    blocks = 0;
    sizes = 0;
  }

  /// Bytes allocated since the beginning and not freed.
  std::size_t held() const noexcept { return now - (std::min)(now.load(), start_); }

  /// Bytes that the program has on the heap.
  static std::size_t in_use() noexcept { return now; }

  /// The largest value of held().
  std::size_t most() const noexcept { return peak - start_; }

  /// The number of allocations.
  std::size_t count() const noexcept { return blocks; }

  /// The bytes of all allocations.
  std::size_t total() const noexcept { return sizes; }

  static void taken(std::size_t size) noexcept {
    const auto held = now += size;
    if (held > peak) peak = held;
    ++blocks;
    sizes += size;
  }

  static void given_back(std::size_t size) noexcept { now -= size; }

 private:
  inline static std::atomic<std::size_t> now{0};
  inline static std::atomic<std::size_t> peak{0};
  inline static std::atomic<std::size_t> blocks{0};
  inline static std::atomic<std::size_t> sizes{0};
  std::size_t start_;
};

/// Called before each allocation; returns whether it fails. Null: none fails.
inline std::atomic<bool (*)() noexcept> refuses_memory{nullptr};

/// While this object exists, every allocation fails.
class heap_is_full {
 public:
  heap_is_full() noexcept {
    refuses_memory = []() noexcept { return true; };
  }
  ~heap_is_full() { refuses_memory = nullptr; }
  heap_is_full(const heap_is_full&) = delete;
  heap_is_full& operator=(const heap_is_full&) = delete;
};

}  // namespace hawser::test
