// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/pipe/pipe_state.hpp"
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
    const auto lock = state_->acquire();
    local().ends.insert(detail::pipe_end::destroyed);
    end_writing();
  }

  /// Does not wait. Returns 0 without an error at the end of the stream; fails with
  /// connection_reset after abort() of the other end.
  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    const auto lock = state_->acquire();
    if (!begin_call(ec)) return 0;
    const auto& faults = local().faults;
    auto& inbox = local().inbox;
    inbox.receive(now());
    if (inbox.position() >= faults.read_limit) {
      ec = faults.read_error;
      return 0;
    }
    const auto size = inbox.take(in, faults);
    if (size != 0) {
      state_->notify();
    } else if (!inbox.has_ended()) {
      ec = std::make_error_code(std::errc::operation_would_block);
    }
    return size;
  }

  /// Does not wait. Fails with broken_pipe after shutdown(), or when the other end is destroyed.
  std::size_t write_some(bytes_view out, std::error_code& ec) {
    const auto lock = state_->acquire();
    if (!begin_call(ec)) return 0;
    if (cannot_write()) {
      ec = std::make_error_code(std::errc::broken_pipe);
      return 0;
    }
    const auto size = (std::min)({peer().free_capacity(), local().faults.max_write, out.size()});
    if (size == 0) {
      ec = std::make_error_code(std::errc::operation_would_block);
      return 0;
    }
    peer().inbox.add(out.first(size), now() + local().faults.delay);
    state_->notify();
    return size;
  }

  /// Returns true when read_some() would not block: there are bytes, the end, or an error.
  bool wait_readable(time_point until, std::error_code& ec) {
    return wait(until, ec, [this] {
      auto& inbox = local().inbox;
      inbox.receive(now());
      return inbox.has_bytes() || inbox.has_ended() ||
             inbox.position() >= local().faults.read_limit;
    });
  }

  /// Returns true when write_some() would not block: there is capacity, or an error.
  bool wait_writable(time_point until, std::error_code& ec) {
    return wait(until, ec, [this] { return peer().free_capacity() > 0 || cannot_write(); });
  }

  void shutdown(std::error_code& ec) {
    const auto lock = state_->acquire();
    if (begin_call(ec)) end_writing();
  }

  /// May be called on any thread. Calls on this end then fail with connection_aborted, on the other
  /// with connection_reset.
  void abort() {
    const auto lock = state_->acquire();
    local().ends.insert(detail::pipe_end::aborted);
    state_->notify();
  }

  /// The time of both ends' clock.
  time_point now() const { return state_->now(); }

  /// The number of calls that read, write, wait for or shut down this end: the calls that can be
  /// made to fail.
  std::size_t calls() const {
    const auto lock = state_->acquire();
    return local().calls;
  }

  /// Sets the faults of this end from now on.
  void set_faults(pipe_faults faults) {
    const auto lock = state_->acquire();
    local().faults = std::move(faults);
    state_->notify();
  }

  /// With a virtual clock, waits of this end call `hook` before they advance the clock, and after
  /// each advance.
  void on_idle(std::function<void()> hook) {
    const auto lock = state_->acquire();
    local().on_idle = std::move(hook);
  }

 private:
  detail::pipe_side& local() const { return state_->side(side_); }
  detail::pipe_side& peer() const { return state_->side(1 - side_); }

  bool cannot_write() const {
    return local().ends.contains(detail::pipe_end::shut) ||
           peer().ends.contains(detail::pipe_end::destroyed);
  }

  void end_writing() {
    peer().inbox.end(now() + local().faults.delay);
    local().ends.insert(detail::pipe_end::shut);
    state_->notify();
  }

  bool begin_call(std::error_code& ec) {
    ec = local().count_call();
    if (!ec && state_->is_aborted()) {
      const bool here = local().ends.contains(detail::pipe_end::aborted);
      ec = std::make_error_code(here ? std::errc::connection_aborted : std::errc::connection_reset);
    }
    return !ec;
  }

  template <class Ready>
  bool wait(time_point until, std::error_code& ec, Ready ready) {
    auto guard = state_->acquire();
    if (!begin_call(ec)) return false;
    return state_->wait(guard, side_, until, ec, [&] { return state_->is_aborted() || ready(); });
  }

  std::shared_ptr<detail::pipe_state> state_;
  std::size_t side_;
};

static_assert(timed_stream<memory_pipe> && abortable_stream<memory_pipe>);

/// Two connected ends: `auto [client, server] = hawser::make_memory_pipe();`
inline std::pair<memory_pipe, memory_pipe> make_memory_pipe(memory_pipe_options options = {}) {
  const auto state = std::make_shared<detail::pipe_state>(
      std::move(options.first), std::move(options.second), std::move(options.clock));
  return {memory_pipe{state, 0}, memory_pipe{state, 1}};
}

}  // namespace hawser
