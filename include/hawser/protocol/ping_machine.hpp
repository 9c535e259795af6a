// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "hawser/protocol/deadline.hpp"

namespace hawser {

/// The state of the keep-alive.
enum class ping_state : std::uint8_t {
  alive,   ///< Something was received within the interval
  pinged,  ///< Nothing was received, and a ping waits for an answer
  dead,    ///< The answer is overdue
};

/// The inputs of the keep-alive.
enum class ping_input : std::uint8_t {
  received,  ///< Any byte has arrived
  interval,  ///< The interval has passed and nothing was received
  overdue,   ///< The time for the answer has passed and nothing was received
};

/// The transition for an input.
struct ping_step {
  ping_state next = ping_state::alive;
  bool send_ping = false;
  bool end = false;  ///< End the connection

  friend constexpr bool operator==(const ping_step&, const ping_step&) = default;
};

/// The keep-alive as a table. At most one ping is outstanding, and no transition leaves `dead`.
constexpr ping_step next_step(ping_state from, ping_input input) noexcept {
  using enum ping_state;
  if (from == dead) return {dead, false, false};
  if (input == ping_input::received) return {alive, false, false};
  if (from == alive && input == ping_input::interval) return {pinged, true, false};
  if (from == pinged && input == ping_input::overdue) return {dead, false, true};
  return {from, false, false};
}

/// The keep-alive of one connection, with the time as an argument.
class ping_machine {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// Sends a ping after `interval` (zero: never), and waits for the answer for `timeout` (zero: no limit).
  constexpr ping_machine(duration interval, duration timeout) noexcept
      : interval_{interval}, timeout_{timeout} {}

  constexpr ping_state state() const noexcept { return state_; }

  /// Bytes have arrived since the last advance().
  constexpr void received() noexcept {
    state_ = next_step(state_, ping_input::received).next;
    counting_ = false;
  }

  /// Output has been queued for `time` without a pause. Restarts the timer if that is long: a ping behind
  /// that output would have no answer although the peer is alive. A short time has no influence, so that a
  /// connection that often writes is pinged.
  constexpr void output_waits(duration time) noexcept {
    const bool limited = timeout_ != duration::zero();
    const auto shorter = limited ? (std::min)(interval_, timeout_) : interval_;
    if (time >= shorter / 8) counting_ = false;  // restarts at the next advance()
  }

  /// Whether a ping is unanswered and its timeout has expired.
  constexpr bool is_overdue(time_point now) const noexcept {
    return state_ == ping_state::pinged && counting_ && now >= deadline();
  }

  /// The time within which a ping must be answered.
  constexpr duration timeout() const noexcept { return timeout_; }

  constexpr ping_step advance(time_point now) noexcept {
    if (!counting_) {
      counting_ = true;
      since_ = now;
    }
    ping_step step{state_, false, false};
    if (now >= deadline()) {
      step = next_step(state_,
                       state_ == ping_state::alive ? ping_input::interval : ping_input::overdue);
      since_ = now;
    }
    state_ = step.next;
    return step;
  }

  /// The time at which advance() has something to do; max() if never. Exact after an advance().
  constexpr time_point deadline() const noexcept {
    if (interval_ == duration::zero() || state_ == ping_state::dead) return (time_point::max)();
    if (!counting_) return (time_point::min)();
    return time_limit(since_, state_ == ping_state::alive ? interval_ : timeout_);
  }

 private:
  duration interval_;
  duration timeout_;
  time_point since_{};
  ping_state state_ = ping_state::alive;
  bool counting_ = false;
};

}  // namespace hawser
