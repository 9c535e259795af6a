// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <functional>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace hawser::cable::detail {

/// Called once, on any thread, when a stream is live, or with an error when it has failed.
using stream_waiter = std::function<void(std::error_code)>;

/// Whether a stream gets all that is published: when the broker has answered, and what else it waits for is ready. Its
/// owner locks it, and calls the waiters that a function returns without the lock.
class stream_liveness {
 public:
  using waiters = std::unordered_map<const void*, stream_waiter>;

  /// Returns whether the stream is live. If not, the waiter is kept.
  bool wait(const void* key, stream_waiter call) {
    const bool is_now = is_live_ && awaited_ == 0;
    if (!is_now) waiting_.emplace(key, std::move(call));
    return is_now;
  }

  void forget(const void* key) noexcept { waiting_.erase(key); }

  /// The stream is not live before is_ready() has been called, too.
  void await_more() noexcept { ++awaited_; }

  [[nodiscard]] waiters is_ready() {
    waiters now;
    if (--awaited_ == 0 && is_live_) now.swap(waiting_);
    return now;
  }

  /// The broker has answered.
  [[nodiscard]] waiters acknowledge(std::error_code ec) {
    waiters now;
    if (ec || awaited_ == 0) now.swap(waiting_);
    is_live_ = !ec;
    has_failed_ = static_cast<bool>(ec);
    return now;
  }

  bool has_failed() const noexcept { return has_failed_; }

 private:
  waiters waiting_;
  std::size_t awaited_ = 0;  // besides the answer of the broker
  bool is_live_ = false;
  bool has_failed_ = false;
};

}  // namespace hawser::cable::detail
