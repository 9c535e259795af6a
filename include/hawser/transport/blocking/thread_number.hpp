// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>

namespace hawser::detail {

/// A number for the calling thread, never 0. Unlike a std::thread::id, the number of a thread that
/// has ended is not used again.
inline std::uint64_t thread_number() noexcept {
  static constinit std::atomic<std::uint64_t> last = 0;
  thread_local const std::uint64_t mine = ++last;
  return mine;
}

}  // namespace hawser::detail
