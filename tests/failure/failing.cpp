// SPDX-License-Identifier: BSL-1.0
#include "failure/failing.hpp"

#include <cstddef>
#include <utility>

#include "support/heap.hpp"

namespace hawser::test {

namespace {

thread_local std::size_t left = failing::never;
thread_local bool has_failed = false;
thread_local bool counts_asio = true;

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
  refuses_memory = fails;
  left = number;
}
failing::~failing() { left = never; }

bool failing::happened() noexcept { return has_failed; }

sparing::sparing() noexcept : left_{std::exchange(left, failing::never)} {}
sparing::~sparing() { left = left_; }

std::size_t octets_held() noexcept { return heap_meter::in_use(); }

}  // namespace hawser::test

// The linker leads Asio's calls here.
extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size);
}

void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  const bool counts = hawser::test::counts_asio;
  return counts && hawser::test::fails() ? nullptr : __real_aligned_alloc(alignment, size);
}
