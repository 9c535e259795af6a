// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/asio/session/session_command.hpp"
#include "hawser/asio/session/small_mutex.hpp"
#include "hawser/base/error.hpp"

namespace hawser::detail {

/// The commands that other threads have given to a session. All functions may be called on any
/// thread, take() and shut() only on the session's.
class command_queue {
 public:
  /// Whether commands are accepted: until shut().
  bool accepts() const noexcept { return accepts_.load(std::memory_order_acquire); }

  /// Whether take() would return a command.
  bool has_commands() const noexcept { return has_commands_.load(std::memory_order_acquire); }

  /// Queues a command. `wake`, called for the first one only, must make the session's thread call
  /// take(). If it throws, nothing is queued.
  template <class Wake>
  std::error_code add(session_command command, Wake wake) {
    const std::lock_guard guard{mutex_};
    if (!accepts()) return errc::closed;
    if (replace_queued(commands_, command)) return {};
    const bool first = commands_.empty();
    commands_.push_back(std::move(command));
    has_commands_.store(true, std::memory_order_release);
    try {
      if (first) wake();
    } catch (...) {
      // Otherwise the next command would assume that a wake-up is pending.
      commands_.clear();
      has_commands_.store(false, std::memory_order_release);
      throw;
    }
    return {};
  }

  /// Returns the queued commands in their order.
  std::vector<session_command> take() {
    std::vector<session_command> commands;
    const std::lock_guard guard{mutex_};
    commands.swap(commands_);
    has_commands_.store(false, std::memory_order_release);
    return commands;
  }

  /// Accepts no commands from now on, and drops the queued ones. When it returns, no other thread
  /// runs a function that was passed to add() or if_accepting().
  void shut() {
    std::vector<session_command> dropped;  // may own handles
    const std::lock_guard guard{mutex_};
    accepts_.store(false, std::memory_order_release);
    has_commands_.store(false, std::memory_order_release);
    dropped.swap(commands_);
  }

  /// What `question` returns, or false after shut().
  template <class Question>
  bool if_accepting(Question question) {
    const std::lock_guard guard{mutex_};
    return accepts() && question();
  }

 private:
  std::vector<session_command> commands_;
  small_mutex mutex_;
  std::atomic<bool> accepts_ = true;
  std::atomic<bool> has_commands_ = false;
};

}  // namespace hawser::detail
