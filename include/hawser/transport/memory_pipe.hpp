// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/pipe_faults.hpp"
#include "hawser/transport/virtual_clock.hpp"

namespace hawser {

/// The behaviour of the two ends of a memory_pipe.
struct memory_pipe_options {
  pipe_faults first = {};
  pipe_faults second = {};
  /// The clock of both ends. With a virtual clock, a wait does not block but advances the clock.
  /// Null: the system's clock, and a wait blocks its thread.
  std::shared_ptr<virtual_clock> clock = std::make_shared<virtual_clock>();
};

namespace detail {

using pipe_time = std::chrono::steady_clock::time_point;

/// The bytes on their way to one end, and those that wait there to be read.
struct pipe_lane {
  struct arrival {
    pipe_time at;
    std::size_t end;
    bool last;
  };

  std::deque<std::byte> bytes;
  std::deque<arrival> arrivals;
  std::size_t position = 0;
  std::size_t arrived = 0;
  bool over = false;

  void announce(pipe_time at, bool last) {
    arrivals.push_back({at, position + bytes.size(), last});
  }

  void receive(pipe_time now) {
    for (; !arrivals.empty() && arrivals.front().at <= now; arrivals.pop_front()) {
      arrived = arrivals.front().end;
      over = arrivals.front().last;
    }
  }

  pipe_time next_arrival() const {
    return arrivals.empty() ? (pipe_time::max)() : arrivals.front().at;
  }
};

struct pipe_side {
  pipe_faults faults;
  pipe_lane inbox = {};
  std::function<void()> on_idle = nullptr;
  std::size_t calls = 0;
  bool shut = false;
  bool gone = false;
  bool aborted = false;
};

struct pipe_state {
  explicit pipe_state(memory_pipe_options options)
      : clock{std::move(options.clock)},
        sides{pipe_side{std::move(options.first)}, pipe_side{std::move(options.second)}} {}

  std::mutex mutex;
  std::condition_variable changed;
  const std::shared_ptr<virtual_clock> clock;
  std::array<pipe_side, 2> sides;
};

}  // namespace detail

/// One end of a stream in memory, for tests without sockets: a `timed_stream` and an
/// `abortable_stream` with scripted faults. One end reads what the other writes.
///
/// With a virtual clock, both ends must be used by one thread. A wait first calls the end's idle
/// hook, which may serve the other end, and then advances the clock to the next arrival or to
/// `until`. If there is neither, it fails with `std::errc::resource_deadlock_would_occur`. Without
/// a virtual clock, different threads may use the ends, as the concepts allow.
class memory_pipe {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Used by make_memory_pipe().
  memory_pipe(std::shared_ptr<detail::pipe_state> state, std::size_t side) noexcept
      : state_{std::move(state)}, side_{side} {}

  /// A moved-from end can only be destroyed or assigned to.
  memory_pipe(memory_pipe&&) noexcept = default;

  memory_pipe& operator=(memory_pipe other) noexcept {
    std::swap(state_, other.state_);
    std::swap(side_, other.side_);
    return *this;
  }

  /// Closes the stream: the other end reads the bytes that were written, then the end, and its writes fail.
  ~memory_pipe() {
    if (!state_) return;
    const std::lock_guard lock{state_->mutex};
    local().gone = true;
    end_writing();
  }

  /// Does not wait. Returns 0 without an error at the end of the stream; fails with
  /// connection_reset after abort() of the other end.
  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    const std::lock_guard lock{state_->mutex};
    if (!begin_call(ec)) return 0;
    const auto& faults = local().faults;
    auto& inbox = local().inbox;
    inbox.receive(now());
    if (inbox.position >= faults.read_limit) {
      ec = faults.read_error;
      return 0;
    }
    const auto cut = std::upper_bound(faults.cuts.begin(), faults.cuts.end(), inbox.position);
    const auto stop =
        cut == faults.cuts.end() ? faults.read_limit : (std::min)(*cut, faults.read_limit);
    const auto size =
        (std::min)({(std::min)(stop, inbox.arrived) - inbox.position, faults.max_read, in.size()});
    if (size == 0) {
      if (!inbox.over) ec = std::make_error_code(std::errc::operation_would_block);
      return 0;
    }
    const auto end = inbox.bytes.begin() + static_cast<std::ptrdiff_t>(size);
    std::copy(inbox.bytes.begin(), end, in.begin());
    inbox.bytes.erase(inbox.bytes.begin(), end);
    inbox.position += size;
    state_->changed.notify_all();
    return size;
  }

  /// Does not wait. Fails with broken_pipe after shutdown(), or when the other end is destroyed.
  std::size_t write_some(bytes_view out, std::error_code& ec) {
    const std::lock_guard lock{state_->mutex};
    if (!begin_call(ec)) return 0;
    if (local().shut || peer().gone) {
      ec = std::make_error_code(std::errc::broken_pipe);
      return 0;
    }
    const auto size = (std::min)({free_capacity(), local().faults.max_write, out.size()});
    if (size == 0) {
      ec = std::make_error_code(std::errc::operation_would_block);
      return 0;
    }
    auto& inbox = peer().inbox;
    inbox.bytes.insert(inbox.bytes.end(), out.begin(),
                       out.begin() + static_cast<std::ptrdiff_t>(size));
    inbox.announce(now() + local().faults.delay, false);
    state_->changed.notify_all();
    return size;
  }

  /// Returns true when read_some() would not block: there are bytes, the end, or an error.
  bool wait_readable(time_point until, std::error_code& ec) {
    return wait(until, ec, [this] {
      auto& inbox = local().inbox;
      inbox.receive(now());
      return inbox.arrived > inbox.position || inbox.over ||
             inbox.position >= local().faults.read_limit;
    });
  }

  /// Returns true when write_some() would not block: there is capacity, or an error.
  bool wait_writable(time_point until, std::error_code& ec) {
    return wait(until, ec, [this] { return free_capacity() > 0 || local().shut || peer().gone; });
  }

  void shutdown(std::error_code& ec) {
    const std::lock_guard lock{state_->mutex};
    if (begin_call(ec)) end_writing();
  }

  /// May be called on any thread. Calls on this end then fail with connection_aborted, on the other
  /// with connection_reset.
  void abort() {
    const std::lock_guard lock{state_->mutex};
    local().aborted = true;
    state_->changed.notify_all();
  }

  /// The time of both ends' clock.
  time_point now() const {
    return state_->clock ? state_->clock->now() : std::chrono::steady_clock::now();
  }

  /// The number of calls that read, write, wait for or shut down this end: the calls that can be
  /// made to fail.
  std::size_t calls() const {
    const std::lock_guard lock{state_->mutex};
    return local().calls;
  }

  /// Sets the faults of this end from now on.
  void set_faults(pipe_faults faults) {
    const std::lock_guard lock{state_->mutex};
    local().faults = std::move(faults);
    state_->changed.notify_all();
  }

  /// With a virtual clock, waits of this end call `hook` before they advance the clock, and after
  /// each advance.
  void on_idle(std::function<void()> hook) {
    const std::lock_guard lock{state_->mutex};
    local().on_idle = std::move(hook);
  }

 private:
  detail::pipe_side& local() const { return state_->sides[side_]; }
  detail::pipe_side& peer() const { return state_->sides[1 - side_]; }

  std::size_t free_capacity() const {
    const auto& there = peer();
    const auto waiting = there.inbox.bytes.size();
    return there.faults.capacity > waiting ? there.faults.capacity - waiting : 0;
  }

  void end_writing() {
    peer().inbox.announce(now() + local().faults.delay, true);
    local().shut = true;
    state_->changed.notify_all();
  }

  bool broken() const { return local().aborted || peer().aborted; }

  bool begin_call(std::error_code& ec) {
    ec.clear();
    auto& here = local();
    ++here.calls;
    const bool passes = here.faults.call_error == std::errc::operation_would_block;
    if (here.calls == here.faults.failing_call ||
        (here.calls > here.faults.failing_call && !passes)) {
      ec = here.faults.call_error;
    } else if (broken()) {
      ec = std::make_error_code(here.aborted ? std::errc::connection_aborted
                                             : std::errc::connection_reset);
    }
    return !ec;
  }

  template <class Ready>
  bool wait(time_point until, std::error_code& ec, Ready ready) {
    std::unique_lock lock{state_->mutex};
    if (!begin_call(ec)) return false;
    const auto done = [&] { return broken() || ready(); };
    while (!done()) {
      if (state_->clock && local().on_idle) {
        call_hook(lock);
        if (done()) return true;
      }
      if (until <= now()) return false;
      if (!pass_time(lock, (std::min)(until, next_arrival()), ec)) return false;
    }
    return true;
  }

  // The hook may use both ends, and replace itself.
  void call_hook(std::unique_lock<std::mutex>& lock) {
    const auto hook = local().on_idle;
    lock.unlock();
    hook();
    lock.lock();
  }

  // Includes arrivals at the other end, which may answer in the hook.
  time_point next_arrival() {
    const auto time = now();
    for (auto& side : state_->sides) side.inbox.receive(time);
    return (std::min)(local().inbox.next_arrival(), peer().inbox.next_arrival());
  }

  bool pass_time(std::unique_lock<std::mutex>& lock, time_point next, std::error_code& ec) {
    if (!state_->clock) {
      if (next == (time_point::max)()) {
        state_->changed.wait(lock);
      } else {
        state_->changed.wait_until(lock, next);
      }
    } else if (next == (time_point::max)()) {
      ec = std::make_error_code(std::errc::resource_deadlock_would_occur);
    } else {
      state_->clock->advance_to(next);
    }
    return !ec;
  }

  std::shared_ptr<detail::pipe_state> state_;
  std::size_t side_;
};

static_assert(timed_stream<memory_pipe> && abortable_stream<memory_pipe>);

/// Two connected ends: `auto [client, server] = hawser::make_memory_pipe();`
inline std::pair<memory_pipe, memory_pipe> make_memory_pipe(memory_pipe_options options = {}) {
  const auto state = std::make_shared<detail::pipe_state>(std::move(options));
  return {memory_pipe{state, 0}, memory_pipe{state, 1}};
}

}  // namespace hawser
