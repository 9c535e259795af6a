// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mutex>
#include <utility>

#include <asio/post.hpp>

#include "hawser/asio/executor/kept_executor.hpp"

namespace hawser::detail {

/// The strand of an object that may outlive the execution context. Functions of any thread come to it
/// until the context ends.
template <class Strand>
class strand_gate {
 public:
  explicit strand_gate(const Strand& strand) : strand_{strand} {}

  /// Must be called only while the context exists.
  const Strand& get() const noexcept { return strand_.get(); }

  /// Calls `act` on the strand: at once if the caller runs on it, and never after shut().
  template <class Act>
  void run(Act act) {
    {
      const std::lock_guard guard{mutex_};
      if (is_shut_) return;
      if (!get().running_in_this_thread()) return asio::post(get(), std::move(act));
    }
    act();
  }

  /// The context ends. No thread uses it when this returns.
  void shut() {
    const std::lock_guard guard{mutex_};
    is_shut_ = true;
  }

 private:
  const kept_executor<Strand> strand_;
  std::mutex mutex_;
  bool is_shut_ = false;
};

}  // namespace hawser::detail
