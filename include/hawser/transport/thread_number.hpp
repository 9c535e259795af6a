// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

namespace hawser::detail {

/// The calling thread's number. Unlike a std::thread::id, that of a thread that has ended is never
/// given to another one. 0 is nobody's.
inline std::uint64_t thread_number() noexcept {
  static constinit std::atomic<std::uint64_t> last = 0;
  thread_local const std::uint64_t mine = ++last;
  return mine;
}

}  // namespace hawser::detail
