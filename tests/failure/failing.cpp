// SPDX-License-Identifier: BSL-1.0
#include "failure/failing.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace hawser::test {

namespace {

thread_local std::size_t left = failing::never;
thread_local bool has_failed = false;
thread_local bool counts_asio = true;
std::atomic<std::size_t> held = 0;

/// Whether this allocation is the one to fail.
bool fails() noexcept {
  if (left == failing::never || left == 0) return false;
  if (--left != 0) return false;
  has_failed = true;
  return true;
}

}  // namespace

failing::failing(std::size_t number, of which) noexcept {
  counts_asio = which == of::all;
  has_failed = false;
  left = number;
}
failing::~failing() { left = never; }

bool failing::happened() noexcept { return has_failed; }

sparing::sparing() noexcept : left_{std::exchange(left, failing::never)} {}
sparing::~sparing() { left = left_; }

std::size_t blocks_held() noexcept { return held; }

}  // namespace hawser::test

[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (hawser::test::fails()) return nullptr;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory != nullptr) ++hawser::test::held;
  return memory;
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  --hawser::test::held;
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

// The linker leads Asio's calls here.
extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size);
}

void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  const bool counts = hawser::test::counts_asio;
  return counts && hawser::test::fails() ? nullptr : __real_aligned_alloc(alignment, size);
}
