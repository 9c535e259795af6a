// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

// Replaces the global allocation functions to count what is taken. One file of an executable may
// include this.

namespace hawser::test {

/// Counts what the whole program has on the heap while this object lives. Checks of Catch take
/// memory too: read first, check afterwards.
class heap_meter {
 public:
  heap_meter() noexcept : start_{now} {
    peak = now.load();
    blocks = 0;
  }

  /// Octets taken since the beginning and not given back.
  std::size_t held() const noexcept { return now - (std::min)(now.load(), start_); }

  /// Octets that the program has on the heap.
  static std::size_t in_use() noexcept { return now; }

  /// The most that was held at once.
  std::size_t most() const noexcept { return peak - start_; }

  /// How often memory was taken.
  std::size_t count() const noexcept { return blocks; }

  static void taken(std::size_t size) noexcept {
    const auto held = now += size;
    if (held > peak) peak = held;
    ++blocks;
  }

  static void given_back(std::size_t size) noexcept { now -= size; }

 private:
  inline static std::atomic<std::size_t> now{0};
  inline static std::atomic<std::size_t> peak{0};
  inline static std::atomic<std::size_t> blocks{0};
  std::size_t start_;
};

/// Asked before each allocation whether it is to fail. Null: none is.
inline std::atomic<bool (*)() noexcept> refuses_memory{nullptr};

/// While this object lives, there is no memory for anybody.
class heap_is_full {
 public:
  heap_is_full() noexcept {
    refuses_memory = []() noexcept { return true; };
  }
  ~heap_is_full() { refuses_memory = nullptr; }
  heap_is_full(const heap_is_full&) = delete;
  heap_is_full& operator=(const heap_is_full&) = delete;
};

/// How much room before each block keeps its size.
inline constexpr std::size_t size_room = alignof(std::max_align_t);

}  // namespace hawser::test

// Not inlined: a compiler that looks inside takes the room before a block for an error.

[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  const auto refuses = hawser::test::refuses_memory.load();
  if (refuses != nullptr && refuses()) return nullptr;
  void* const block = std::malloc(size + hawser::test::size_room);
  if (block == nullptr) return nullptr;
  *static_cast<std::size_t*>(block) = size;
  hawser::test::heap_meter::taken(size);
  return static_cast<std::byte*>(block) + hawser::test::size_room;
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  void* const block = static_cast<std::byte*>(memory) - hawser::test::size_room;
  hawser::test::heap_meter::given_back(*static_cast<std::size_t*>(block));
  std::free(block);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
