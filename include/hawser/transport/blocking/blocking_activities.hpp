// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "hawser/base/enum_set.hpp"

namespace hawser::detail {

/// What is under way on a connection that threads share, each at most once.
enum class blocking_activity : std::uint8_t {
  reading,  ///< A thread reads the stream
  looking,  ///< A thread that writes looks for input, without waiting. No other one reads
  writing,  ///< A thread writes the stream
  message,  ///< A message in fragments is unfinished
  ended,    ///< The sending side of the stream is ended. Never ends
};

/// The activities of one connection. Used under the lock of the connection.
class blocking_activities {
 public:
  using lock = std::unique_lock<std::mutex>;

  bool has(blocking_activity one) const noexcept { return under_way_.contains(one); }

  /// Returns false if it is under way already.
  bool begin(blocking_activity one) noexcept { return under_way_.insert(one); }

  void end(blocking_activity one) noexcept {
    under_way_.erase(one);
    notify();
  }

  /// Wakes all threads that wait, because something else has changed.
  void notify() noexcept { changed_.notify_all(); }

  /// Waits until `done`, which is called under the lock after each change.
  template <class Done>
  void wait(lock& guard, Done done) {
    changed_.wait(guard, done);
  }

  /// The same for at most `time`. Returns the last result of `done`.
  template <class Duration, class Done>
  bool wait_for(lock& guard, Duration time, Done done) {
    return changed_.wait_for(guard, time, done);
  }

 private:
  std::condition_variable changed_;
  enum_set<blocking_activity> under_way_;
};

/// An activity for a scope. It must not be under way before.
class activity_scope {
 public:
  activity_scope(blocking_activities& all, blocking_activity one) noexcept : all_{all}, one_{one} {
    all_.begin(one_);
  }
  ~activity_scope() { all_.end(one_); }
  activity_scope(const activity_scope&) = delete;
  activity_scope& operator=(const activity_scope&) = delete;

 private:
  blocking_activities& all_;
  const blocking_activity one_;
};

}  // namespace hawser::detail
