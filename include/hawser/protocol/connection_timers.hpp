// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "hawser/protocol/deadline.hpp"
#include "hawser/protocol/idle_clock.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/protocol/ping_machine.hpp"

namespace hawser {

/// The deadlines of one connection, with the time as an argument: keep-alive, idle timeout,
/// unfinished message, stalled output, and closing handshake.
class connection_timers {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// What is due.
  enum class due : std::uint8_t {
    nothing,
    ping,                ///< A keep-alive ping
    idle_close,          ///< A Close frame: no message has been sent or received for too long
    message_timeout,     ///< No byte of the unfinished message has arrived for too long
    keep_alive_timeout,  ///< The keep-alive ping is unanswered
    write_timeout,       ///< The output has made no progress for too long
    close_timeout,       ///< The closing handshake is not complete in time
  };

  /// What the driver knows about the input of the stream.
  enum class input : std::uint8_t {
    awaited,  ///< The driver waits for input, or has looked for it: there is none
    unread,   ///< The driver has not looked for input, so bytes of the peer may have arrived
  };

  /// The activity of a connection, which decides the deadlines that apply.
  struct activity {
    bool open = true;         ///< Messages can be sent; otherwise the connection is closing
    bool writing = false;     ///< Output is queued
    bool in_message = false;  ///< A message has begun to arrive and is not complete
  };

  constexpr explicit connection_timers(const connection_options& options) noexcept
      : close_timeout_{options.close_timeout},
        write_timeout_{options.write_timeout},
        message_timeout_{options.message_timeout},
        ping_{options.keep_alive_interval, options.keep_alive_timeout},
        idle_{options.idle_timeout} {}

  /// The latest time passed to advance() or received(now).
  constexpr time_point now() const noexcept { return now_; }

  /// Bytes have arrived at `now`.
  constexpr void received(time_point now) noexcept {
    now_ = now;
    unread_ = false;
    ping_.received();
  }

  /// Bytes have arrived since the last advance().
  constexpr void received() noexcept { ping_.received(); }

  /// A message, or a piece of one, has arrived.
  constexpr void message_received() noexcept { idle_.received(now_); }

  /// A message has begun, or bytes of its payload have arrived: its timeout restarts at the next advance().
  constexpr void message_progressed() noexcept { message_restarts_ = true; }

  /// A message, or a part of one, is queued.
  constexpr void message_queued() noexcept { idle_.restart(); }

  /// The stream has accepted output; `all` if no more is queued.
  constexpr void written(bool all) noexcept {
    output_moved();
    if (all) waits_since_ = unset;
  }

  /// The peer has acknowledged output, although the stream accepts no more.
  constexpr void output_moved() noexcept { stalled_since_ = unset; }

  /// Whether the peer's silence would end the connection at `now`: no answer to the ping, no message,
  /// or no byte of an unfinished one has been read in time.
  constexpr bool lacks_input(time_point now, activity what) const noexcept {
    if (what.in_message && !message_restarts_ && now >= message_deadline()) return true;
    return !what.writing && (idle_.is_over(now) || ping_.is_overdue(now));
  }

  /// Sets the time, which may be earlier than before, and returns what is due. The caller must act
  /// on `idle_close` and each `..._timeout` at once: close or end the connection. With unread input,
  /// the peer's silence proves nothing, so what lacks_input() names is not due.
  constexpr due advance(time_point now, activity what, input known = input::awaited) noexcept {
    now_ = (std::max)(now_, now);
    unread_ = known == input::unread;
    if (!what.open) return advance_closing();
    if (what.in_message && advance_message(now) && !unread_) return due::message_timeout;
    if (what.writing) return advance_output();
    if (idle_.advance(now) && !unread_) return due::idle_close;
    if (unread_ && ping_.is_overdue(now)) return due::nothing;
    const auto step = ping_.advance(now);
    if (step.send_ping) {
      waits_since_ = now_;
      return due::ping;
    }
    return step.end ? due::keep_alive_timeout : due::nothing;
  }

  /// The latest time for the next advance(): max() for never, min() for at once. What was overdue
  /// with unread input is due after its whole timeout again.
  constexpr time_point deadline(activity what) const noexcept {
    if (!what.open) return close_by_;
    const auto message =
        what.in_message ? postponed(message_deadline(), message_timeout_) : (time_point::max)();
    if (what.writing) return (std::min)(message, output_deadline());
    return (std::min)({message, postponed(ping_.deadline(), ping_.timeout()),
                       postponed(idle_.deadline(), idle_.timeout())});
  }

 private:
  static constexpr auto unset =
      (time_point::min)();  // advance() is then called at once, and sets it

  constexpr time_point postponed(time_point when, duration timeout) const noexcept {
    const bool passed = unread_ && when != unset && when <= now_;
    return passed ? deadline_after(now_, timeout) : when;
  }

  constexpr bool advance_message(time_point now) noexcept {
    if (std::exchange(message_restarts_, false)) message_since_ = now_;
    return now >= message_deadline();
  }

  constexpr due advance_output() noexcept {
    if (waits_since_ == unset) waits_since_ = now_;
    ping_.output_waits(now_ - waits_since_);
    if (stalled_since_ == unset) stalled_since_ = now_;
    looked_at_ = now_;
    return now_ >= write_deadline() ? due::write_timeout : due::nothing;
  }

  constexpr due advance_closing() noexcept {
    if (close_by_ == unset) close_by_ = time_limit(now_, close_timeout_);
    return now_ >= close_by_ ? due::close_timeout : due::nothing;
  }

  constexpr time_point message_deadline() const noexcept {
    if (message_timeout_ == duration::zero()) return (time_point::max)();
    return message_restarts_ ? unset : deadline_after(message_since_, message_timeout_);
  }

  constexpr time_point write_deadline() const noexcept {
    if (write_timeout_ == duration::zero()) return (time_point::max)();
    return deadline_after(stalled_since_, write_timeout_);
  }

  /// The time of the next check of stalled output, or of its timeout.
  constexpr time_point output_deadline() const noexcept {
    constexpr auto looks = 8;
    if (write_timeout_ == duration::zero()) return (time_point::max)();
    if (stalled_since_ == unset) return unset;
    const auto last = write_deadline();
    if (last == (time_point::max)()) return last;
    return (std::min)(last, deadline_after(looked_at_, write_timeout_ / looks));
  }

  duration close_timeout_;
  duration write_timeout_;
  duration message_timeout_;
  ping_machine ping_;
  idle_clock idle_;
  time_point now_{};
  time_point close_by_ = unset;
  time_point stalled_since_ = unset;
  time_point waits_since_ = unset;  // since when output has been queued, without a pause
  time_point looked_at_{};
  time_point message_since_{};
  bool message_restarts_ = true;
  bool unread_ = false;  // the last advance() was with unread input
};

}  // namespace hawser
