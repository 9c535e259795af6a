// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#include "support/heap_meter.hpp"

// Replaces the global allocation functions to count the allocated memory. Only one file of an executable
// may include this.

namespace hawser::test {

/// The memory before each block, which stores its size.
inline constexpr std::size_t size_header = alignof(std::max_align_t);

}  // namespace hawser::test

// Not inlined, because a compiler that sees the body reports the access before the block as an error.

[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  const auto refuses = hawser::test::refuses_memory.load();
  if (refuses != nullptr && refuses()) return nullptr;
  void* const block = std::malloc(size + hawser::test::size_header);
  if (block == nullptr) return nullptr;
  *static_cast<std::size_t*>(block) = size;
  hawser::test::heap_meter::taken(size);
  return static_cast<std::byte*>(block) + hawser::test::size_header;
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  void* const block = static_cast<std::byte*>(memory) - hawser::test::size_header;
  hawser::test::heap_meter::given_back(*static_cast<std::size_t*>(block));
  std::free(block);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
