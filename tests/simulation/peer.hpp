// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "hawser/base/bytes.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "simulation/census.hpp"
#include "simulation/network.hpp"
#include "simulation/program_clock.hpp"
#include "simulation/user.hpp"
#include "support/peers.hpp"

namespace hawser::test {

/// The objects that all sides of a run share.
struct surroundings {
  chance& random;
  census& seen;
  verdict& judge;
  hash_of_story& story;
  const weather& kind;
  network& net;

  /// Called by a side that waits within its turn: runs the other sides, or lets time pass. False if the run
  /// has ended.
  std::function<bool()> pass = {};

  /// The extension of each side, and the agreement; none if they are empty.
  std::array<any_negotiator, 2> extensions = {};
  agreement agreed = {};
  /// Called with every prepared message before it is sent, so that other connections can send it too.
  std::function<void(const prepared_message&)> broadcast = {};

  time_point now() const noexcept { return program_clock::now; }
};

/// One side of a connection: a user, and a driver.
class peer {
 public:
  peer(std::size_t side, surroundings& around)
      : me{side, around.judge, around.seen, around.story}, side_{side}, around_{around} {}
  virtual ~peer() = default;
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  user me;

  /// Whether the driver has closed the stream.
  virtual bool done() const = 0;
  /// Runs the driver as far as the network and the time allow.
  virtual void turn() = 0;
  /// The latest time of the driver's next turn.
  virtual time_point due() const = 0;
  /// The number of bytes that wait to be written.
  virtual std::size_t waiting() const = 0;

  /// One random action of the user.
  void act() {
    if (done() || !can_act()) return;
    auto& random = around_.random;
    switch (random.below(16)) {
      case 0:
      case 1: ping(); break;
      case 2: change_delivery(); break;
      case 3: toggle_reading(); break;
      case 4: send_unasked_pong(); break;
      case 5:
        if (random.once_in(8)) close();
        break;
      case 6:
        if (!around_.kind.calm && random.once_in(16)) end_rudely();
        break;
      default: fragment_left_ != 0 || random.once_in(5) ? send_fragment() : send_message(); break;
    }
  }

  void close() {
    static constexpr std::array codes{close_code::normal, close_code::going_away,
                                      static_cast<close_code>(3000)};
    std::optional<close_code> code = codes[around_.random.below(codes.size())];
    std::string_view reason = around_.random.once_in(2) ? "enough \xE2\x82\xAC" : "";
    if (around_.random.once_in(4)) {
      code.reset();
      reason = {};
    }
    if (me.closing() || me.over()) return;
    // A side that is not open yet closes once it is.
    if (!is_open()) return void(close_later_ = true);
    const bool within = fragment_left_ != 0;
    if (do_close(code, reason)) return;
    me.has_closed(code, reason);
    if (!code) around_.seen.note(rarity::close_unasked);
    if (within) around_.seen.note(rarity::close_within_message);
  }

  /// Lets the user read again, so that the connection can end.
  void read_on() {
    if (std::exchange(paused_, false)) do_read_on();
  }

 protected:
  // Each of these queues something or returns the error.
  virtual std::error_code do_send(message_kind kind, bytes_view payload) = 0;
  virtual std::error_code do_send_part(message_kind kind, bytes_view piece, part position) = 0;
  virtual std::error_code do_ping(bytes_view payload) = 0;
  virtual std::error_code do_close(std::optional<close_code> code, std::string_view reason) = 0;
  virtual void do_abort() = 0;
  virtual void do_pause() = 0;
  virtual void do_read_on() = 0;
  /// Whether the opening handshake is complete.
  virtual bool is_open() const { return true; }
  /// Whether the user may begin another action.
  virtual bool can_act() const { return is_open(); }
  virtual void change_delivery() {}
  virtual void send_unasked_pong() {}

  void begin_open(const agreement& agreed) {
    me.on_opened(agreed);
    if (close_later_) close();
  }

  any_extension extension(role own_role) const {
    return around_.extensions[side_].make(own_role, around_.agreed.extensions);
  }

  /// Some messages are sent with plain coding.
  coding some_coding() {
    if (!around_.extensions[side_] || !around_.random.once_in(6)) return coding::agreed;
    around_.seen.note(rarity::plain_by_sender);
    return coding::plain;
  }

  prepared_message prepared(message_kind kind, bytes_view payload) {
    prepared_message made{message_view{kind, payload, some_coding()}};
    if (around_.broadcast) around_.broadcast(made);
    return made;
  }

  const std::size_t side_;
  surroundings& around_;
  bool paused_ = false;

 private:
  static constexpr std::size_t most_waiting = 256 * 1024;

  std::size_t some_size() {
    auto& random = around_.random;
    switch (random.below(12)) {
      case 0: return 0;
      case 1: return 120 + random.below(12);
      case 2: return random.below(6000);
      case 3: return random.once_in(12) ? 65'530 + random.below(20'000) : random.below(200);
      default: return random.below(60);
    }
  }

  bytes_view some_payload(message_kind kind, std::size_t size) {
    const auto place = around_.random.below(4096);
    const auto& source = payload_source::instance();
    return kind == message_kind::text ? source.text(place, size) : source.binary(place, size);
  }

  message_kind some_kind() {
    return around_.random.once_in(2) ? message_kind::text : message_kind::binary;
  }

  bool can_queue() const { return waiting() < most_waiting; }

  void judge_send(std::error_code ec) {
    if (!ec) return;
    around_.judge.require(ec == errc::closed, "a send refused without a cause");
    around_.seen.note(rarity::write_after_end);
  }

  void send_message() {
    if (!can_queue()) return;
    const auto kind = some_kind();
    const bool too_big = !around_.kind.calm && around_.random.once_in(300);
    const auto payload = some_payload(kind, too_big ? 105 * 1024 : some_size());
    me.has_sent(kind, payload);
    const auto ec = do_send(kind, payload);
    judge_send(ec);
    if (ec) return me.has_not_sent();
    if (payload.size() > 64 * 1024) around_.seen.note(rarity::large_message);
  }

  void send_fragment() {
    if (!can_queue()) return;
    if (fragment_left_ == 0) {
      fragments_kind_ = some_kind();
      fragments_ = some_payload(fragments_kind_, some_size());
      fragments_sent_ = 0;
      fragment_left_ = 1 + around_.random.below(4);
    }
    const bool last = --fragment_left_ == 0;
    const auto rest = fragments_.subspan(fragments_sent_);
    const auto piece = last ? rest : rest.first(around_.random.below(rest.size() + 1));
    fragments_sent_ += piece.size();
    if (last) me.has_sent(fragments_kind_, fragments_);
    const auto ec = do_send_part(fragments_kind_, piece, last ? part::last : part::more);
    judge_send(ec);
    if (!last) return;
    if (ec) return me.has_not_sent();
    around_.seen.note(rarity::fragmented_message);
  }

  void ping() {
    if (!can_queue()) return;
    const auto payload = me.next_ping();
    me.has_pinged();
    const auto ec = do_ping(payload);
    judge_send(ec);
    if (ec) me.has_not_pinged();
  }

  void toggle_reading() {
    if (paused_) return read_on();
    paused_ = true;
    around_.seen.note(rarity::paused);
    do_pause();
  }

  void end_rudely() {
    if (around_.random.once_in(2)) {
      me.has_aborted();
      return do_abort();
    }
    around_.seen.note(rarity::half_close);
    around_.net.end(side_);
  }

  message_kind fragments_kind_ = message_kind::text;
  bytes_view fragments_;
  std::size_t fragments_sent_ = 0;
  std::size_t fragment_left_ = 0;
  bool close_later_ = false;
};

/// A connection and the smallest driver that serves it.
class core_peer : public peer {
 public:
  core_peer(role own_role, std::size_t side, surroundings& around,
            const connection_options& options)
      : peer{side, around},
        options_{options},
        connection_{own_role, options, extension(own_role), counting_mask_source{}} {}

  bool done() const override { return done_; }
  time_point due() const override { return done_ ? (time_point::max)() : connection_.deadline(); }
  std::size_t waiting() const override { return connection_.buffered_bytes(); }

  void turn() override {
    if (done_) return;
    connection_.resumed(around_.now());
    take({});
    read();
    report_time();
    write();
    // A ping may be due because output has waited.
    while (connection_.deadline() <= around_.now()) {
      report_time();
      write();
    }
    const auto wanted = connection_.wants();
    if (!wanted.read && !wanted.write && !wanted.end_stream) {
      leave_stream();
    }
    judge();
  }

 protected:
  using connection_type = basic_connection<any_extension, counting_mask_source>;

  void take(mutable_bytes input) {
    while (const auto happened = connection_.next(input)) {
      std::visit([this](const auto& one) { note(one); }, *happened);
    }
  }

  /// Ends the driver.
  void leave_stream() {
    around_.net.close(side_);
    done_ = true;
  }

  connection_options options_;
  connection_type connection_;

 private:
  void report_time() {
    const bool unread = paused_ && connection_.state() == close_state::open;
    unread ? connection_.resumed(around_.now()) : connection_.advance(around_.now());
    if (connection_.state() != close_state::open && !closing_since_) closing_since_ = around_.now();
    take({});
  }

  void note(const message_view& one) { me.on_message(one.kind, one.payload); }
  void note(const message_part& one) { me.on_part(one.kind, one.payload, one.first, one.last); }
  void note(const hawser::ping& one) { me.on_ping(one.payload); }
  void note(const pong& one) { me.on_pong(one.payload); }
  void note(const closed& one) { me.on_closed(one); }

  void read() {
    std::array<std::byte, 4096> buffer;
    while (connection_.wants().read && !(paused_ && connection_.state() == close_state::open)) {
      std::error_code ec;
      const auto size = around_.net.read_some(side_, buffer, ec);
      if (ec == std::errc::operation_would_block) return;
      if (ec || size == 0) {
        connection_.receive_end(ec);
        return take({});
      }
      connection_.received(around_.now());
      take(mutable_bytes{buffer}.first(size));
    }
  }

  void write() {
    while (connection_.wants().write) {
      std::error_code ec;
      const auto size = around_.net.write_some(side_, connection_.output(), ec);
      if (ec == std::errc::operation_would_block) return;
      if (ec) {
        connection_.output_failed(ec);
        return take({});
      }
      connection_.consume_output(size);
    }
    if (!connection_.wants().end_stream) return;
    around_.net.end(side_);
    connection_.output_ended();
  }

  void judge() {
    auto& judge = around_.judge;
    judge.require(!done_ || me.over(), "over without an end");
    judge.require(me.over() == (connection_.state() >= close_state::exchanged),
                  "an end that was not reported, or a reported end that did not happen");
    if (done_) return;
    const auto due = connection_.deadline();
    judge.require(due > around_.now(), "a deadline that has passed");
    const bool late = closing_since_ && around_.now() >= *closing_since_ + options_.close_timeout;
    judge.require(!late, "closing for longer than it may");
  }

  std::error_code do_send(message_kind kind, bytes_view payload) override {
    switch (around_.random.below(3)) {
      case 0: return connection_.send(prepared(kind, payload));
      case 1:
        if (kind == message_kind::text) return connection_.send(std::string{as_text(payload)});
        return connection_.send(byte_vector{payload.begin(), payload.end()});
      default: return connection_.send(message_view{kind, payload, some_coding()});
    }
  }
  std::error_code do_send_part(message_kind kind, bytes_view piece, part position) override {
    return connection_.send_part(message_view{kind, piece, some_coding()}, position);
  }
  std::error_code do_ping(bytes_view payload) override { return connection_.send_ping(payload); }
  void send_unasked_pong() override { (void)connection_.send_pong(as_bytes("unasked")); }
  std::error_code do_close(std::optional<close_code> code, std::string_view reason) override {
    return connection_.close(code, reason);
  }
  void do_abort() override {
    connection_.abort();
    take({});
  }
  void do_pause() override {}
  void do_read_on() override {}
  void change_delivery() override {
    if (me.has_part()) around_.seen.note(rarity::delivery_switched_within);
    connection_.deliver(around_.random.once_in(2) ? delivery::parts : delivery::messages);
  }

  std::optional<time_point> closing_since_;
  bool done_ = false;
};

}  // namespace hawser::test
