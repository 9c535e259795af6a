// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <mutex>
#include <system_error>

#include "hawser/base/error.hpp"
#include "hawser/transport/blocking/blocking_activities.hpp"
#include "hawser/transport/blocking/thread_number.hpp"

namespace hawser::detail {

/// The right to send a message: while a message in fragments is unfinished, other messages wait.
/// Used under the lock of the connection.
template <class Shared>
class message_right {
 public:
  using lock = std::unique_lock<std::mutex>;

  /// `shared` must outlive this object.
  explicit message_right(Shared& shared) noexcept : shared_{shared} {}

  /// Waits until no message is unfinished, or nothing can be sent any more. A thread must not wait for
  /// its own message: then it fails with message_unfinished.
  std::error_code await(lock& guard) {
    const bool may_wait = !is_taken() || holder_ != thread_number();
    if (!may_wait && shared_.can_write()) return errc::message_unfinished;
    shared_.activities().wait(guard, [this] { return !is_taken() || !shared_.can_write(); });
    return {};
  }

  /// Begins a message in fragments, after any other thread's.
  std::error_code take(lock& guard) {
    if (const auto ec = await(guard)) return ec;
    if (!shared_.activities().begin(blocking_activity::message)) return errc::closed;
    hold();
    return {};
  }

  /// The calling thread continues the message, which another one may have begun.
  void hold() noexcept { holder_ = thread_number(); }

  /// The message is finished.
  void release() noexcept { shared_.activities().end(blocking_activity::message); }

 private:
  bool is_taken() const noexcept { return shared_.activities().has(blocking_activity::message); }

  Shared& shared_;
  std::uint64_t holder_ = 0;  // the thread that sent the last fragment
};

}  // namespace hawser::detail
