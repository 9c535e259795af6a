// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace hawser {

/// Deflaters or inflaters that have no context to keep, as each thread shares them: a connection borrows
/// one for a message, so an idle one has none.
template <class Stream>
class thread_streams {
 public:
  /// One with nothing before it, which is the caller's until it is given back. Null if there is no
  /// memory.
  static std::unique_ptr<Stream> take(const typename Stream::settings& wanted) noexcept {
    for (auto& one : of_thread()) {
      if (!one || !(one->made_with() == wanted)) continue;
      one->reset();
      return std::exchange(one, nullptr);
    }
    return Stream::make(wanted);
  }

  /// Gives one back, from whatever thread it was taken. Of those that were not needed for long some are
  /// freed.
  static void give(std::unique_ptr<Stream> stream) noexcept {
    for (auto& one : of_thread()) std::swap(one, stream);
  }

  /// Frees what this thread keeps.
  static void clear() noexcept { of_thread() = {}; }

 private:
  /// The one that was given back last comes first.
  using kept = std::array<std::unique_ptr<Stream>, 2>;

  static kept& of_thread() noexcept {
    thread_local kept streams;
    return streams;
  }
};

}  // namespace hawser
