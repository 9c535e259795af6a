// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "hawser/base/thread_kept.hpp"

namespace hawser {

/// Deflaters or inflaters without context, shared by the connections of a thread: a connection
/// borrows one for a message, so an idle connection has none.
template <class Stream>
class thread_streams {
 public:
  /// Returns one without context, which the caller owns until give(). Null if memory allocation fails.
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

  /// Gives one back, whichever thread took it. If two are kept already, the one that
  /// was given back first is freed.
  static void give(std::unique_ptr<Stream> stream) noexcept {
    auto* const all = of_thread::get();
    if (all == nullptr) return;
    for (auto& one : *all) std::swap(one, stream);
  }

  /// Frees those that are kept for this thread.
  static void clear() noexcept {
    if (auto* const all = of_thread::get()) *all = {};
  }

 private:
  /// Sorted: the one that was used last is first.
  using kept = std::array<std::unique_ptr<Stream>, 2>;

  using of_thread = thread_kept<kept>;
};

}  // namespace hawser
