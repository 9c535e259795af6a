// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "hawser/base/thread_kept.hpp"

namespace hawser {

/// Deflaters or inflaters that have no context to keep, as each thread shares them: a connection borrows
/// one for a message, so an idle one has none.
template <class Stream>
class thread_streams {
 public:
  /// One with nothing before it, which is the caller's until it is given back. Null if there is no
  /// memory.
  static std::unique_ptr<Stream> take(const typename Stream::settings& wanted) noexcept {
    if (auto* const all = of_thread::get()) {
      for (auto& one : *all) {
        if (!one || !(one->made_with() == wanted)) continue;
        one->reset();
        return std::exchange(one, nullptr);
      }
    }
    return Stream::make(wanted);
  }

  /// Gives one back, from whatever thread it was taken. Of those that were not needed for long some are
  /// freed.
  static void give(std::unique_ptr<Stream> stream) noexcept {
    auto* const all = of_thread::get();
    if (all == nullptr) return;
    for (auto& one : *all) std::swap(one, stream);
  }

  /// Frees what this thread keeps.
  static void clear() noexcept {
    if (auto* const all = of_thread::get()) *all = {};
  }

 private:
  /// The one that was given back last comes first.
  using kept = std::array<std::unique_ptr<Stream>, 2>;

  using of_thread = thread_kept<kept>;
};

}  // namespace hawser
