// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "hawser/asio/session.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::cable::detail {

/// The session of a consumer while it is connected: when it is stale, and when its reading pauses, which is no
/// silence of the server.
class watched_session {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `options` must outlive this object.
  explicit watched_session(const consumer_options& options) noexcept : options_{options} {}

  void open(const session& connected, time_point now) {
    session_ = connected;
    is_paused_ = false;
    opened_at_ = silent_since_ = now;
  }

  /// The connection has ended. Returns how long it has lasted.
  std::chrono::steady_clock::duration end(time_point now) {
    session_ = {};
    return now - opened_at_;
  }

  void drop() { session_ = {}; }

  const session& get() const noexcept { return session_; }

  /// Something has arrived.
  void restart_silence(time_point now) noexcept { silent_since_ = now; }

  /// Pauses the reading if too many messages are unread.
  void pause(std::size_t unread) {
    if (!session_ || is_paused_ || unread < (std::max)(options_.max_unread, std::size_t{1})) return;
    is_paused_ = true;
    session_.pause();
  }

  /// Reads again if enough of them were received. Returns false if nothing changes.
  bool resume(std::size_t unread, time_point now) {
    if (!is_paused_ || unread > options_.max_unread / 2) return false;
    is_paused_ = false;
    silent_since_ = now;
    session_.resume();
    return true;
  }

  /// max() if there is no connection, or its reading is paused.
  time_point stale_at() const noexcept {
    return session_ && !is_paused_ ? hawser::time_limit(silent_since_, options_.stale_after)
                                   : (time_point::max)();
  }

 private:
  const consumer_options& options_;
  session session_;
  time_point opened_at_{};
  time_point silent_since_{};
  bool is_paused_ = false;
};

}  // namespace hawser::cable::detail
