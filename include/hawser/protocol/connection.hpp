// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/close_machine.hpp"
#include "hawser/protocol/close_payload.hpp"
#include "hawser/protocol/connection_output.hpp"
#include "hawser/protocol/connection_timers.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/interest.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/protocol/receiver.hpp"
#include "hawser/protocol/round_trip.hpp"

namespace hawser {

/// One WebSocket connection, after the opening handshake. Bytes go in and events come out, messages
/// go in and bytes come out; the time is an argument. Has no socket, clock, thread or lock, and
/// must be used by one thread at a time.
/// connection_output has the functions that queue messages and hand out the output.
///
/// A driver calls advance(now) after each wait, then acts on wants() and deadline(). After new
/// input, advance() and receive_end(), it calls next() until next() returns nothing. After
/// std::bad_alloc, the connection can only be destroyed.
template <message_extension Extension = no_extension, mask_source Masks = system_mask_source>
class basic_connection : public detail::connection_output<Extension, Masks> {
  using base = detail::connection_output<Extension, Masks>;

 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `extension` is the negotiated extension, ready to use.
  explicit basic_connection(role own_role, const connection_options& options = {},
                            Extension extension = {}, Masks masks = {})
      : base{own_role, options, std::move(extension), std::move(masks)},
        receiver_{own_role, options, base::extension_.reserved_bits()} {}

  using base::buffered_bytes;
  using base::output_error;

  /// Takes bytes from the front of `input` and unmasks them in place, until an event is complete,
  /// `input` is empty, or the limits of the turn are reached. The event may be a view of `input` or
  /// of this object: it is valid until the next call of next(), and the memory of `input` must stay
  /// valid as long. After close(), no call invalidates the last message. No event follows `closed`.
  std::optional<event> next(mutable_bytes& input) {
    const bool fresh = !input.empty();
    if (fresh) timers_.received();
    while (end_.is_receiving()) {
      const bool open = state() == close_state::open;
      if (open) receiver_.release();
      const auto result =
          open ? receiver_.next(extension_, input) : receiver_.next_control(extension_, input);
      if (receiver_.take_progress()) timers_.message_progressed();
      if (result.index() == 0) {
        // A long message that is still arriving is activity.
        if (fresh && !receiver_.between_messages()) timers_.message_received();
        return std::nullopt;
      }
      if (const auto* message = std::get_if<message_view>(&result)) {
        timers_.message_received();
        return *message;
      }
      if (auto happened = event_of(result)) return happened;
    }
    input = {};
    return end_.take_outcome();
  }

  /// The same for control frames only: stops before a message, and does not invalidate the last one.
  /// For a driver whose caller does not read now.
  std::optional<event> next_control(mutable_bytes& input) {
    while (end_.is_receiving()) {
      const auto result = receiver_.next_control_frame(extension_, input);
      if (result.index() == 0) return std::nullopt;
      if (auto happened = event_of(result)) return happened;
    }
    input = {};
    return end_.take_outcome();
  }

  /// Whether `unread`, which is input that next() has not taken, has a Close frame, or a frame that
  /// is refused.
  bool close_follows(bytes_view unread) const { return receiver_.close_follows(unread); }

  /// Begins a turn: until the next call, next() stops at the limits of `connection_options::turn`
  /// and returns nothing, although input is left. Without any call there is no limit.
  void begin_turn() noexcept { receiver_.begin_turn(); }

  /// Whether next() returned nothing because the limits of the turn were reached. The driver then
  /// keeps the rest of the input, and passes it to next() in another turn, before any new input.
  bool has_more_work() const noexcept { return receiver_.has_more_work() && end_.is_receiving(); }

  /// Changes `connection_options::deliver`. Inside a message, the stored beginning is then reported
  /// as a part, or the rest of the message as a message.
  void deliver(delivery how) noexcept { receiver_.deliver(how); }

  /// Call this when the stream has no more input: the peer ended it, or it failed with `why`. If
  /// the closing handshake is complete, the remaining output is still to be written.
  void receive_end(std::error_code why = {}) {
    const auto ended = receiver_.between_messages() ? errc::end_of_stream : errc::truncated;
    if (!why) why = end_.cause(ended);
    end(close_input::peer_eof, {close_code::abnormal, {}, false, why});
  }

  /// Queues a ping with at most 125 bytes of payload. The pong event reports the round-trip time.
  std::error_code send_ping(binary_view payload = {}) {
    const auto ec = send_control(opcode::ping, payload);
    if (!ec) round_trip_.sent(payload, timers_.now());
    return ec;
  }

  /// Queues an unsolicited pong with at most 125 bytes of payload. Pings are answered without this call.
  std::error_code send_pong(binary_view payload = {}) {
    return send_control(opcode::pong, payload);
  }

  /// Begins the closing handshake: sends a Close frame after the queued output, and discards
  /// messages until the peer's Close frame arrives. Without a code, the frame is empty. Fails
  /// without effect for a code or a reason that must not be sent (RFC 6455 §7.4), and with
  /// errc::closed if the closing handshake has begun.
  std::error_code close(std::optional<close_code> code = close_code::normal,
                        std::string_view reason = {}) {
    if (const auto error = check_close(code, reason, this->own_role()); error != errc{})
      return error;
    if (!end_.close()) return errc::closed;
    sender_.close(code, reason);
    return {};
  }

  /// Ends the connection without a closing handshake: drops the output; the driver must close the stream.
  void abort(std::error_code why = errc::aborted) {
    end(close_input::deadline, {close_code::abnormal, {}, false, why});
  }

  /// Fails the connection (RFC 6455 §7.1.7), also for a reason of this side. Drops what is unfinished.
  void fail(errc why) {
    closed outcome{close_code::abnormal, {}, false, why};
    if (state() == close_state::open) {
      outcome.code = close_code_for(why).value_or(close_code::internal_error);
      outcome.reason = hawser::describe(why);
      if (can_send()) sender_.close(outcome.code, outcome.reason);
    }
    receiver_.drop();
    end(close_input::violation, outcome);
  }

  /// The number of bytes of memory that an unfinished message and the output occupy.
  std::size_t stored_bytes() const noexcept { return receiver_.occupied() + sender_.occupied(); }

  /// Reports that bytes arrived at `now`, before next() gets them. They are in time after any deadline.
  void received(time_point now) noexcept { timers_.received(now); }

  /// Whether advance(now) would end the connection because of the peer's silence.
  bool lacks_input(time_point now) const noexcept {
    return can_send() && timers_.lacks_input(now, activity());
  }

  /// Sets the time and does what is due: sends the ping, closes, or ends the connection. Only for a driver
  /// that waits for input or has looked for it; others call resumed().
  void advance(time_point now) { set_time(now, connection_timers::input::awaited); }

  /// The same for a driver that has not looked for input: the peer's bytes may be unread, so its silence
  /// does not end the connection, and deadline() gives it the whole timeout again.
  void resumed(time_point now) { set_time(now, connection_timers::input::unread); }

  /// The latest time for the next advance(): max() for never, min() for at once.
  time_point deadline() const noexcept {
    const auto wanted = wants();
    const bool over = !wanted.read && !wanted.write && !wanted.end_stream;
    return over ? (time_point::max)() : timers_.deadline(activity());
  }

  /// What the driver has to do now.
  interest wants() const noexcept {
    const bool write = buffered_bytes() != 0;
    return {state() != close_state::ended, write, end_.ends_stream() && !write};
  }

  /// The state of the closing handshake.
  close_state state() const noexcept { return end_.state(); }

 private:
  using base::can_send;
  using base::end_;
  using base::extension_;
  using base::sender_;
  using base::timers_;

  connection_timers::activity activity() const noexcept {
    return {can_send(), buffered_bytes() != 0, receiver_.in_message()};
  }

  void set_time(time_point now, connection_timers::input known) {
    using due = connection_timers::due;
    switch (timers_.advance(now, activity(), known)) {
      case due::nothing: return;
      case due::ping: return send_keep_alive();
      case due::idle_close: return void(close(close_code::going_away, "idle for too long"));
      case due::message_timeout: return fail(errc::message_timeout);
      case due::keep_alive_timeout: return abort(errc::keep_alive_timeout);
      case due::write_timeout: return abort(errc::write_timeout);
      case due::close_timeout: return abort(end_.cause(errc::close_timeout));
    }
  }

  std::optional<event> event_of(const detail::reception& result) {
    if (const auto* control = std::get_if<detail::control_frame>(&result))
      return event_of(*control);
    if (const auto* error = std::get_if<errc>(&result)) return violation(*error);
    timers_.message_received();
    return std::get<message_part>(result);
  }

  std::optional<event> event_of(detail::control_frame frame) {
    if (frame.op == opcode::close) return peer_close(frame.payload);
    if (state() != close_state::open) return std::nullopt;
    if (frame.op == opcode::pong) {
      return pong{frame.payload, round_trip_.received(frame.payload, timers_.now())};
    }
    // A pong has the payload of its ping: RFC 6455 §5.5.3.
    if (can_send()) sender_.pong(frame.payload);
    return ping{frame.payload};
  }

  std::optional<event> peer_close(bytes_view payload) {
    const auto [code, reason, error] = detail::decode_close(payload);
    if (error != errc{}) return violation(error);
    if (can_send()) sender_.close(detail::echo_of(code, this->own_role()), {});
    const auto failed = output_error();
    end(close_input::peer_close, {code, reason, !failed, failed});
    return end_.take_outcome();
  }

  std::optional<event> violation(errc why) {
    fail(why);
    return end_.take_outcome();
  }

  void end(close_input input, const closed& outcome) {
    if (end_.on(input, outcome, base::buffered_bytes())) sender_.clear();
  }

  void send_keep_alive() {
    std::array<std::byte, 8> payload;
    store_big_endian(payload, ++pings_);
    sender_.control(opcode::ping, payload);
    round_trip_.sent(payload, timers_.now());
  }

  std::error_code send_control(opcode op, bytes_view payload) {
    if (payload.size() > max_control_payload) return errc::control_too_long;
    if (!can_send()) return errc::closed;
    sender_.control(op, payload);
    return {};
  }

  detail::receiver<Extension> receiver_;
  round_trip round_trip_;
  std::uint64_t pings_ = 0;
};

/// A connection without extensions.
using connection = basic_connection<>;

}  // namespace hawser
