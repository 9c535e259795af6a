// SPDX-License-Identifier: BSL-1.0
#include "failure/failing.hpp"

#include <atomic>
#include <cstddef>
#include <utility>

#include "support/heap.hpp"

namespace hawser::test {

namespace {

thread_local std::size_t left = failing::never;
thread_local bool has_failed = false;
thread_local bool counts_asio = true;

// The number of the failing allocation of all threads but one; none if below 1.
std::atomic<std::ptrdiff_t> left_elsewhere = 0;
std::atomic<bool> has_failed_elsewhere = false;
thread_local bool is_spared = false;

/// Whether this allocation fails.
bool fails() noexcept {
  if (left_elsewhere > 0 && !is_spared && left_elsewhere-- == 1) {
    has_failed_elsewhere = true;
    return true;
  }
  if (left == failing::never || left == 0) return false;
  if (--left != 0) return false;
  has_failed = true;
  return true;
}

}  // namespace

failing::failing(std::size_t number, of which) noexcept {
  counts_asio = which == of::all;
  has_failed = false;
  has_failed_elsewhere = false;
  refuses_memory = fails;
  left = number;
}
failing::~failing() { left = never; }

bool failing::happened() noexcept { return has_failed || has_failed_elsewhere; }

failing_elsewhere::failing_elsewhere(std::size_t number) noexcept {
  counts_asio = true;
  is_spared = true;
  has_failed = false;
  has_failed_elsewhere = false;
  refuses_memory = fails;
  left_elsewhere = static_cast<std::ptrdiff_t>(number);
}
failing_elsewhere::~failing_elsewhere() {
  left_elsewhere = 0;
  is_spared = false;
}

bool may_allocate() noexcept { return !fails(); }

sparing::sparing() noexcept
    : left_{std::exchange(left, failing::never)}, was_spared_{std::exchange(is_spared, true)} {}
sparing::~sparing() {
  left = left_;
  is_spared = was_spared_;
}

std::size_t heap_bytes() noexcept { return heap_meter::in_use(); }

}  // namespace hawser::test

// The linker redirects Asio's calls to this function: see tests/CMakeLists.txt.
extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size);
}

void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  const bool counts = hawser::test::counts_asio;
  return counts && hawser::test::fails() ? nullptr : __real_aligned_alloc(alignment, size);
}
