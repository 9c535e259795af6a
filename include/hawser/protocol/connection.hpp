// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/close_machine.hpp"
#include "hawser/protocol/connection_timers.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/interest.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/protocol/receiver.hpp"
#include "hawser/protocol/round_trip.hpp"
#include "hawser/protocol/sender.hpp"

namespace hawser {

/// One WebSocket connection, after the opening handshake. Bytes go in and events come out, messages
/// go in and bytes come out; the time is an argument. Has no socket, clock, thread or lock, and
/// must be used by one thread at a time.
///
/// A driver calls advance(now) after each wait, then acts on wants() and deadline(). After new
/// input, advance() and receive_end(), it calls next() until next() returns nothing. After
/// std::bad_alloc, the connection can only be destroyed.
template <message_extension Extension = no_extension, mask_source Masks = system_mask_source>
class basic_connection {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `extension` is the negotiated extension, ready to use.
  explicit basic_connection(role own_role, const connection_options& options = {},
                            Extension extension = {}, Masks masks = {})
      : extension_{std::move(extension)},
        sender_{own_role, std::move(masks), options.max_frame_size},
        receiver_{own_role, options, extension_.reserved_bits()},
        timers_{options},
        closing_{own_role},
        own_role_{own_role} {}

  /// Takes bytes from the front of `input` and unmasks them in place, until an event is complete,
  /// `input` is empty, or the limits of the turn are reached. The event may be a view of `input` or
  /// of this object: it is valid until the next call of next(), and the memory of `input` must stay
  /// valid as long. After close(), no call invalidates the last message. No event follows `closed`.
  std::optional<event> next(mutable_bytes& input) {
    const bool fresh = !input.empty();
    if (fresh) timers_.received();
    while (!has_outcome_ && closing_.state() < close_state::exchanged) {
      const bool open = closing_.state() == close_state::open;
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
    return take_outcome();
  }

  /// Begins a turn: until the next call, next() stops at the limits of `connection_options::turn`
  /// and returns nothing, although input is left. Without any call there is no limit.
  void begin_turn() noexcept { receiver_.begin_turn(); }

  /// Whether next() returned nothing because the limits of the turn were reached. The driver then
  /// keeps the rest of the input, and passes it to next() in another turn, before any new input.
  bool has_more_work() const noexcept {
    return receiver_.has_more_work() && !has_outcome_ && closing_.state() < close_state::exchanged;
  }

  /// Changes `connection_options::deliver`. Inside a message, the stored beginning is then reported
  /// as a part, or the rest of the message as a message.
  void deliver(delivery how) noexcept { receiver_.deliver(how); }

  /// Call this when the stream has no more input: the peer ended it, or it failed with `why`. If
  /// the closing handshake is complete, the remaining output is still to be written.
  void receive_end(std::error_code why = {}) {
    const auto ended = receiver_.between_messages() ? errc::end_of_stream : errc::truncated;
    if (!why) why = output_error_ ? output_error_ : make_error_code(ended);
    end(close_input::peer_eof, {close_code::abnormal, {}, false, why});
  }

  /// Call this when a write has failed. Input that has arrived is still reported: the connection
  /// waits for the end of its input, for at most `close_timeout`.
  void output_failed(std::error_code why) {
    if (!output_error_) output_error_ = why;
    end_stream_ = false;
    sender_.clear();
  }

  /// The first error passed to output_failed(), or none.
  std::error_code output_error() const noexcept { return output_error_; }

  /// Queues a text message. Fails with invalid_utf8, message_unfinished or closed, and then queues
  /// nothing, like all sends.
  std::error_code send(std::string_view text) {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return send(message_view{message_kind::text, as_bytes(text)});
  }

  /// Queues a binary message.
  std::error_code send(bytes_view binary) {
    return send(message_view{message_kind::binary, binary});
  }

  /// Queues a message. A text must be valid UTF-8, which is not checked.
  std::error_code send(message_view view) { return send_message(view, view.payload); }

  /// Queues a text message; a long one is moved, not copied.
  template <std::same_as<std::string> Text>
  std::error_code send(Text&& text) {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return send(message_kind::text, owned_payload{std::move(text)});
  }

  /// Queues a binary message; a long one is moved, not copied.
  template <std::same_as<std::vector<std::byte>> Bytes>
  std::error_code send(Bytes&& binary) {
    return send(message_kind::binary, owned_payload{std::move(binary)});
  }

  /// Queues a message; a long one is moved, not copied. A text must be valid UTF-8, which is not checked.
  std::error_code send(message_kind kind, owned_payload payload, coding how = coding::agreed) {
    return send_message({kind, payload.view(), how}, std::move(payload));
  }

  /// Queues a message that many connections share. A client copies it, because it must mask it.
  std::error_code send(const prepared_message& prepared) {
    if (prepared.error() != errc{}) return prepared.error();
    if (own_role_ == role::client) return send(prepared.view());
    if (!can_send()) return errc::closed;
    return queued(sender_.message(extension_, prepared));
  }

  /// Queues a fragment of a message: RFC 6455 §5.4. Until `part::last`, control frames can be sent
  /// but no other message. Text may be cut inside a code point.
  std::error_code send_part(message_kind kind, bytes_view payload, part position) {
    return send_part(message_view{kind, payload}, position);
  }

  /// The same. The first fragment decides whether the message is encoded.
  std::error_code send_part(message_view piece, part position) {
    if (!can_send()) return errc::closed;
    return queued(sender_.fragment(extension_, piece, position));
  }

  /// Queues a ping with at most 125 bytes of payload. The pong event reports the round-trip time.
  std::error_code send_ping(bytes_view payload = {}) {
    const auto ec = send_control(opcode::ping, payload);
    if (!ec) round_trip_.sent(payload, timers_.now());
    return ec;
  }

  /// Queues an unsolicited pong with at most 125 bytes of payload. Pings are answered without this call.
  std::error_code send_pong(bytes_view payload = {}) { return send_control(opcode::pong, payload); }

  /// Begins the closing handshake: sends a Close frame after the queued output, and discards
  /// messages until the peer's Close frame arrives. Without a code, the frame is empty. Fails
  /// without effect for a code or a reason that must not be sent (RFC 6455 §7.4), and with
  /// errc::closed if the closing handshake has begun.
  std::error_code close(std::optional<close_code> code = close_code::normal,
                        std::string_view reason = {}) {
    if (const auto error = check_close(code, reason, own_role_); error != errc{}) return error;
    if (output_error_) return errc::closed;
    if (!closing_.on(close_input::local_close).send_close) return errc::closed;
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
    if (closing_.state() == close_state::open) {
      outcome.code = close_code_for(why).value_or(close_code::internal_error);
      outcome.reason = hawser::describe(why);
      if (can_send()) sender_.close(outcome.code, outcome.reason);
    }
    receiver_.drop();
    end(close_input::violation, outcome);
  }

  /// Bytes to write next; empty if there are none. Valid until consume_output() has taken all of
  /// them, so more can be queued while a write of them is pending.
  bytes_view output() noexcept { return sender_.output().front(); }

  /// Removes the first `count` bytes, which are written, from output().
  void consume_output(std::size_t count) {
    sender_.consume(count);
    timers_.written(buffered_bytes() == 0);
  }

  /// Reports that the peer has acknowledged output although the stream accepts no more. A driver
  /// that can observe this checks it before each advance(): while output waits, deadline() expires
  /// eight times per `write_timeout`.
  void output_moved() noexcept { timers_.output_moved(); }

  /// The number of bytes that wait to be written.
  std::size_t buffered_bytes() const noexcept { return sender_.output().size(); }

  /// The number of bytes of memory that an unfinished message and the output occupy.
  std::size_t stored_bytes() const noexcept { return receiver_.occupied() + sender_.occupied(); }

  /// Reports that the sending side of the stream is ended, as wants() required.
  void output_ended() noexcept { end_stream_ = false; }

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
    return {closing_.state() != close_state::ended, write, end_stream_ && !write};
  }

  /// The state of the closing handshake.
  close_state state() const noexcept { return closing_.state(); }

  role own_role() const noexcept { return own_role_; }

 private:
  bool can_send() const noexcept { return closing_.state() == close_state::open && !output_error_; }

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
      case due::close_timeout:
        return abort(output_error_ ? output_error_ : make_error_code(errc::close_timeout));
    }
  }

  /// The result of a send. A refused send does not restart the idle timeout.
  std::error_code queued(errc refused) noexcept {
    if (refused != errc{}) return refused;
    timers_.message_queued();
    return {};
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
    if (closing_.state() != close_state::open) return std::nullopt;
    if (frame.op == opcode::pong) {
      return pong{frame.payload, round_trip_.received(frame.payload, timers_.now())};
    }
    // A pong has the payload of its ping: RFC 6455 §5.5.3.
    if (can_send()) sender_.pong(frame.payload);
    return ping{frame.payload};
  }

  std::optional<event> peer_close(bytes_view payload) {
    closed outcome{close_code::no_status, {}, !output_error_, output_error_};
    if (payload.size() == 1) return violation(errc::bad_close_payload);
    if (!payload.empty()) {
      outcome.code = static_cast<close_code>(load_big_endian<std::uint16_t>(payload));
      outcome.reason = as_text(payload.subspan(2));
      if (!may_receive(outcome.code)) return violation(errc::bad_close_code);
      if (!is_valid_utf8(outcome.reason)) return violation(errc::invalid_utf8);
    }
    if (can_send()) sender_.close(echo_of(outcome.code), {});
    end(close_input::peer_close, outcome);
    return take_outcome();
  }

  /// The answer to a Close frame has the same code: RFC 6455 §5.5.1.
  std::optional<close_code> echo_of(close_code code) const noexcept {
    if (code == close_code::no_status) return std::nullopt;
    return may_send(code, own_role_) ? code : close_code::normal;
  }

  std::optional<event> violation(errc why) {
    fail(why);
    return take_outcome();
  }

  /// Passes an input that may end the connection to the closing handshake; `outcome` is reported if
  /// it does.
  void end(close_input input, closed outcome) {
    const auto before = closing_.state();
    const auto step = closing_.on(input);
    if (step.end_stream) end_stream_ = !output_error_;
    const bool at_once = input == close_input::deadline || before < close_state::exchanged;
    if (step.next == close_state::ended && at_once) {
      end_stream_ = false;
      sender_.clear();
    }
    if (before >= close_state::exchanged) return;
    outcome_ = outcome;
    has_outcome_ = true;
  }

  std::optional<event> take_outcome() {
    return std::exchange(has_outcome_, false) ? std::optional<event>{outcome_} : std::nullopt;
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

  template <class Payload>
  std::error_code send_message(message_view view, Payload&& payload) {
    if (!can_send()) return errc::closed;
    return queued(sender_.message(extension_, view, std::forward<Payload>(payload)));
  }

  [[no_unique_address]] Extension extension_;
  detail::sender<Extension, Masks> sender_;
  detail::receiver<Extension> receiver_;
  connection_timers timers_;
  round_trip round_trip_;
  closed outcome_;
  std::error_code output_error_;
  std::uint64_t pings_ = 0;
  close_machine closing_;
  role own_role_;
  bool has_outcome_ = false;
  bool end_stream_ = false;
};

/// A connection without extensions.
using connection = basic_connection<>;

}  // namespace hawser
