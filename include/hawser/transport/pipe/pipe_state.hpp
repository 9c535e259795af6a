// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "hawser/base/enum_set.hpp"
#include "hawser/transport/pipe/pipe_lane.hpp"
#include "hawser/transport/pipe_faults.hpp"
#include "hawser/transport/virtual_clock.hpp"

namespace hawser::detail {

/// What has happened to one end of a memory_pipe. Nothing is undone.
enum class pipe_end : std::uint8_t {
  shut,       ///< It writes nothing more
  destroyed,  ///< It neither reads nor writes
  aborted,    ///< Calls of both ends fail
};

/// One side of a memory_pipe: what arrives there, and how its calls behave.
struct pipe_side {
  pipe_faults faults;
  pipe_lane inbox = {};
  std::function<void()> on_idle = nullptr;
  std::size_t calls = 0;
  enum_set<pipe_end> ends = {};

  /// How many bytes may be written to this side.
  std::size_t free_capacity() const noexcept {
    return faults.capacity > inbox.size() ? faults.capacity - inbox.size() : 0;
  }

  /// Counts a call. Returns the error with which it fails, or none.
  std::error_code count_call() {
    ++calls;
    const bool passes = faults.call_error == std::errc::operation_would_block;
    const bool fails = calls == faults.failing_call || (calls > faults.failing_call && !passes);
    return fails ? faults.call_error : std::error_code{};
  }
};

/// What the two ends of a memory_pipe share: both sides, the clock and the lock. Everything but the
/// clock is used under the lock.
class pipe_state {
 public:
  using lock = std::unique_lock<std::mutex>;

  pipe_state(pipe_faults first, pipe_faults second, std::shared_ptr<virtual_clock> clock)
      : clock_{std::move(clock)},
        sides_{pipe_side{std::move(first)}, pipe_side{std::move(second)}} {}

  [[nodiscard]] lock acquire() { return lock{mutex_}; }
  void notify() noexcept { changed_.notify_all(); }

  pipe_side& side(std::size_t number) noexcept { return sides_[number]; }

  bool is_aborted() const noexcept {
    return sides_[0].ends.contains(pipe_end::aborted) || sides_[1].ends.contains(pipe_end::aborted);
  }

  pipe_time now() const { return clock_ ? clock_->now() : std::chrono::steady_clock::now(); }

  /// Waits until `done` or `until`, for the side `number`. Returns the last result of `done`.
  template <class Done>
  bool wait(lock& guard, std::size_t number, pipe_time until, std::error_code& ec, Done done) {
    while (!done()) {
      if (clock_ && sides_[number].on_idle) {
        call_hook(guard, sides_[number].on_idle);
        if (done()) return true;
      }
      if (until <= now()) return false;
      if (!pass_time(guard, (std::min)(until, next_arrival()), ec)) return false;
    }
    return true;
  }

 private:
  // A copy, because the hook may use both ends, and replace itself.
  static void call_hook(lock& guard, std::function<void()> hook) {
    guard.unlock();
    hook();
    guard.lock();
  }

  // Includes arrivals at the other side, which may answer in the hook.
  pipe_time next_arrival() {
    const auto time = now();
    for (auto& side : sides_) side.inbox.receive(time);
    return (std::min)(sides_[0].inbox.next_arrival(), sides_[1].inbox.next_arrival());
  }

  bool pass_time(lock& guard, pipe_time next, std::error_code& ec) {
    if (!clock_) {
      if (next == (pipe_time::max)()) {
        changed_.wait(guard);
      } else {
        changed_.wait_until(guard, next);
      }
    } else if (next == (pipe_time::max)()) {
      ec = std::make_error_code(std::errc::resource_deadlock_would_occur);
    } else {
      clock_->advance_to(next);
    }
    return !ec;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::shared_ptr<virtual_clock> clock_;
  std::array<pipe_side, 2> sides_;
};

}  // namespace hawser::detail
