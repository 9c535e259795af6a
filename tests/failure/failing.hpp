// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include "support/catch.hpp"

namespace hawser::test {

/// Makes one allocation of this thread fail, and counts all of them: those of support/heap.hpp,
/// Asio's, and those of code that calls may_allocate().
class failing {
 public:
  static constexpr auto never = static_cast<std::size_t>(-1);

  /// Which allocations: Asio's strands end the program where there is no memory for themselves.
  enum class of : bool { all, all_but_asios };

  /// The `number`-th allocation from now on fails, counted from 1.
  explicit failing(std::size_t number, of which = of::all) noexcept;
  ~failing();
  failing(const failing&) = delete;
  failing& operator=(const failing&) = delete;

  /// Whether the allocation has failed.
  static bool happened() noexcept;
};

/// The same for all threads but this one. Their scheduling may decide which allocation it is.
class failing_elsewhere {
 public:
  explicit failing_elsewhere(std::size_t number) noexcept;
  ~failing_elsewhere();
  failing_elsewhere(const failing_elsewhere&) = delete;
  failing_elsewhere& operator=(const failing_elsewhere&) = delete;
};

/// While this object exists, allocations of this thread are neither counted nor failed. For those of the
/// test itself, or of a connection that must not be affected.
class sparing {
 public:
  sparing() noexcept;
  ~sparing();
  sparing(const sparing&) = delete;
  sparing& operator=(const sparing&) = delete;

 private:
  std::size_t left_;
  bool was_spared_;
};

/// For other sources of memory: whether this allocation may succeed.
bool may_allocate() noexcept;

/// The number of bytes that the program has on the heap.
std::size_t heap_bytes() noexcept;

/// Runs `attempt` with the first allocation failing, then with the second, and so on until none fails.
/// Returns their number.
template <class Attempt>
std::size_t fail_each_allocation(Attempt attempt) {
  for (std::size_t number = 1;; ++number) {
    INFO("allocation " << number);
    attempt(number);
    if (!failing::happened()) return number - 1;
  }
}

}  // namespace hawser::test
