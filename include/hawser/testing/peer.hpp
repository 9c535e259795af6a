// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/frame/writer.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/testing/failure.hpp"
#include "hawser/testing/frame_log.hpp"
#include "hawser/testing/received.hpp"
#include "hawser/testing/wire.hpp"

namespace hawser::testing {

/// The other side of a connection, which does only what the test says: it sends frames, also those that no
/// well-behaved peer sends, and expects what the code under test sends. It answers nothing by itself, neither
/// pings, unless answers_pings() says so, nor Close frames.
///
/// Functions that send do not let the code under test run; those that expect do. An expectation that is
/// not met throws `failure`.
class peer {
 public:
  /// A peer at the far end of a stream that has become a WebSocket. `own_role` is the peer's side, and
  /// `received` are bytes that were read after the handshake. A `world` makes its peers itself.
  peer(role own_role, std::shared_ptr<wire> over, const std::vector<std::byte>& received = {})
      : own_role_{own_role}, wire_{std::move(over)}, log_{std::make_shared<frame_log>(own_role)} {
    log_->add(received);
  }

  /// The request of the opening handshake.
  const hawser::request& request() const noexcept { return request_; }

  /// The response of the opening handshake.
  const hawser::response& response() const noexcept { return response_; }

  // Sending.

  void sends_text(std::string_view text) { sends_frame({.op = opcode::text}, as_bytes(text)); }
  void sends_binary(binary_view binary) { sends_frame({.op = opcode::binary}, binary); }
  void sends_ping(std::string_view payload = {}) {
    sends_frame({.op = opcode::ping}, as_bytes(payload));
  }
  void sends_pong(std::string_view payload = {}) {
    sends_frame({.op = opcode::pong}, as_bytes(payload));
  }

  /// The code is not checked: also those that must not be sent.
  void sends_close(close_code code = close_code::normal, std::string_view reason = {}) {
    std::vector<std::byte> payload(2);
    store_big_endian(payload, static_cast<std::uint16_t>(code));
    const auto rest = as_bytes(reason);
    payload.insert(payload.end(), rest.begin(), rest.end());
    sends_frame({.op = opcode::close}, payload);
  }
  void sends_close_without_code() { sends_frame({.op = opcode::close}, {}); }

  /// A frame with any header, for fragments: `{.op = opcode::text, .fin = false}`, then
  /// `{.op = opcode::continuation}`. The frame is masked as the peer's role requires, and gets the
  /// payload's length.
  void sends_frame(frame_header header, bytes_view payload) {
    header.masked = own_role_ == role::client;
    header.mask = mask_;
    byte_buffer out;
    append_frame(out, header, payload);
    wire_->write(out.view());
  }

  /// A header exactly as it is given, with the declared length and its own mask bit. What follows is
  /// up to sends_bytes().
  void sends_header(const frame_header& header) {
    std::vector<std::byte> out(encoded_size(header));
    encode(header, out);
    wire_->write(out);
  }

  /// Any bytes: a part of a frame, or what is no frame at all.
  void sends_bytes(bytes_view bytes) { wire_->write(bytes); }
  void sends_bytes(std::string_view bytes) { wire_->write(as_bytes(bytes)); }

  /// Ends the peer's side of the stream, after what it has sent.
  void ends_stream() { wire_->end(); }

  /// Breaks the connection: what was sent and not read is lost.
  void resets_stream() { wire_->reset(); }

  // The behaviour of the stream.

  /// One read of the code under test gets at most so many bytes, at least 1; wire::no_limit: all.
  void delivers_pieces_of(std::size_t bytes) { wire_->set_piece_size(bytes); }

  /// Reads nothing more. The stream accepts `capacity` more bytes; then the writes of the code under test
  /// wait.
  void stops_reading(std::size_t capacity = 0) {
    reads_ = false;
    wire_->set_capacity(capacity);
  }

  /// Reads so many of the bytes that wait in the stream, after stops_reading().
  void reads(std::size_t bytes) { take(bytes); }

  /// Reads as before stops_reading().
  void reads_again() {
    reads_ = true;
    wire_->set_capacity(wire::no_limit);
  }

  /// From now on each ping gets its pong, whenever the code under test has run, and is not reported.
  void answers_pings() {
    if (std::exchange(answers_, true)) return;
    wire_->on_idle([self = pong_side{own_role_, wire_.get(), log_, mask_}] { return self(); });
  }

  // Expecting. All of these let the code under test run first.

  /// The next message or control frame, or nothing if there is none.
  std::optional<received> next() {
    receive();
    return log_->pop();
  }

  void expect_text(std::string_view text) {
    const auto bytes = as_bytes(text);
    expect({opcode::text, {bytes.begin(), bytes.end()}});
  }
  /// Any text, which it returns.
  std::string expect_text() { return std::string{expect(opcode::text, "text").text()}; }

  void expect_binary(binary_view binary) {
    expect({opcode::binary, {binary.begin(), binary.end()}});
  }
  std::vector<std::byte> expect_binary() { return expect(opcode::binary, "binary").payload; }

  /// A ping with any payload, which it returns: sends_pong() answers it.
  std::string expect_ping() { return std::string{expect(opcode::ping, "ping").text()}; }

  /// The pong that answers sends_ping(payload).
  void expect_pong(std::string_view payload = {}) {
    const auto bytes = as_bytes(payload);
    expect({opcode::pong, {bytes.begin(), bytes.end()}});
  }

  /// A Close frame with this code. Returns its reason.
  std::string expect_close(close_code code) {
    const auto wanted = detail::shown_close(code, {});
    auto got = pop(wanted);
    if (got.code() != code) fail(wanted, describe(got));
    return std::string{got.reason()};
  }

  /// That the code under test has ended the stream, and sent nothing more before.
  void expect_end() {
    receive();
    if (auto more = log_->pop()) fail("the end of the stream", describe(*more));
    if (!log_->error().empty()) fail("the end of the stream", log_->error());
    if (!wire_->has_ended()) fail("the end of the stream", "nothing");
  }

  /// That nothing has arrived, and that the stream has not ended.
  void expect_nothing() {
    receive();
    if (auto more = log_->pop()) fail("nothing", describe(*more));
    if (const auto why = missing(); why != "nothing") fail("nothing", why);
  }

  /// The bytes that have arrived and that no function above has read: for handshakes by hand.
  std::string received_bytes() {
    wire_->run();
    take(wire::no_limit);
    return log_->take_unread();
  }

  // For `world`.
  void set_request(hawser::request asked) { request_ = std::move(asked); }
  void set_response(hawser::response answer) { response_ = std::move(answer); }

 private:
  static constexpr mask_key mask_{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21},
                                  std::byte{0x3D}};

  // Does not own the wire, which owns it.
  struct pong_side {
    role own_role;
    wire* to;
    std::shared_ptr<frame_log> log;
    mask_key mask;

    bool operator()() const {
      std::vector<std::byte> fresh;
      to->take(fresh, wire::no_limit);
      log->add(fresh);
      bool answered = false;
      while (const auto ping = log->pop_ping()) {
        byte_buffer out;
        append_frame(out, {.op = opcode::pong, .masked = own_role == role::client, .mask = mask},
                     ping->payload);
        to->write(out.view());
        answered = true;
      }
      return answered;
    }
  };

  void take(std::size_t most) {
    std::vector<std::byte> fresh;
    wire_->take(fresh, most);
    log_->add(fresh);
  }

  void receive() {
    wire_->run();
    if (reads_) take(wire::no_limit);
  }

  std::string missing() const {
    if (!log_->error().empty()) return log_->error();
    return wire_->has_ended() ? "the end of the stream" : log_->unfinished();
  }

  received pop(std::string_view wanted) {
    receive();
    auto got = log_->pop();
    if (!got) fail(wanted, missing());
    return std::move(*got);
  }

  received expect(opcode kind, std::string_view wanted) {
    auto got = pop(wanted);
    if (got.kind != kind) fail(wanted, describe(got));
    return got;
  }

  void expect(const received& wanted) {
    const auto got = pop(describe(wanted));
    if (got != wanted) fail(describe(wanted), describe(got));
  }

  [[noreturn]] static void fail(std::string_view wanted, std::string_view got) {
    std::string what{"expected "};
    throw failure{what.append(wanted).append(", received ").append(got)};
  }

  role own_role_;
  std::shared_ptr<wire> wire_;
  std::shared_ptr<frame_log> log_;
  hawser::request request_;
  hawser::response response_;
  bool reads_ = true;
  bool answers_ = false;
};

}  // namespace hawser::testing
