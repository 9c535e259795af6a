// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
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
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/blocking/blocking_driver.hpp"
#include "hawser/transport/blocking/scope_guards.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/memory_budget.hpp"
#include "hawser/transport/outgoing_message.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// A WebSocket connection over a blocking stream. Made by accept() and connect().
///
/// One thread reads; any thread may call the other functions at the same time. Pings are answered,
/// and the keep-alive and the timeouts work, only while a thread is inside a function of this
/// class, so keep one thread reading. The destructor of an open websocket drops the connection
/// without a closing handshake: call close() first.
template <blocking_stream Stream, message_extension Extension = any_extension,
          mask_source Masks = system_mask_source>
class websocket {
  using connection_type = basic_connection<Extension, Masks>;
  using driver = detail::blocking_driver<Stream, connection_type>;

 public:
  using duration = std::chrono::steady_clock::duration;
  using outgoing = outgoing_message<driver>;

  /// For a stream whose opening handshake is done. `received` are the bytes that were read after it.
  websocket(role own_role, Stream stream, const connection_options& options = {},
            bytes_view received = {}, agreement agreed = {}, Extension extension = {},
            Masks masks = {})
      : driver_{std::make_unique<driver>(
            std::move(stream),
            connection_type{own_role, options, std::move(extension), std::move(masks)}, received,
            options.close_timeout)},
        agreed_{std::move(agreed)} {}

  /// Waits for the next message. Returns a view that is valid until the next read, or nothing when
  /// the connection and its stream have ended; close_reason() is then the reason.
  std::optional<message_view> read() {
    std::error_code ec;
    return driver_->template read<message_view>((time_point::max)(), ec);
  }

  /// The same, but waits for at most `timeout`: then `ec` is errc::read_timeout, the connection stays
  /// open, and the beginning of a message is kept. When the connection has ended, `ec` is errc::closed.
  std::optional<message_view> read(duration timeout,
                                   std::error_code& ec) requires timed_stream<Stream> {
    ec.clear();
    return driver_->template read<message_view>(deadline_in(timeout), ec);
  }

  /// Waits for the next part of a message, in the size in which it arrives; nothing is stored.
  /// read() inside a message returns the rest of it as one message.
  std::optional<message_part> read_part() {
    std::error_code ec;
    return driver_->template read<message_part>((time_point::max)(), ec);
  }

  /// The same, but waits for at most `timeout`.
  std::optional<message_part> read_part(duration timeout,
                                        std::error_code& ec) requires timed_stream<Stream> {
    ec.clear();
    return driver_->template read<message_part>(deadline_in(timeout), ec);
  }

  /// Sends a text message, and returns when the stream has accepted it. Does not throw because of the peer,
  /// and raises no signal. Errors: invalid_utf8 or message_unfinished (nothing was sent; for the latter,
  /// this thread has an unfinished message of begin_message()), closed, or the error of the stream.
  ///
  /// Fails with closed if the peer's Close frame arrived before the stream had accepted the whole message;
  /// close() or read() then leads to close_reason(). If no thread reads, a write over a timed_stream looks
  /// for input without waiting: when the stream accepts nothing, and after 64 KiB or a second. Pings are
  /// answered. Messages wait for read() and may be answered: a Close frame behind them only ends messages
  /// of begin_message(), and is not seen behind more than 16 KiB.
  std::error_code write(std::string_view text) {
    return write_message([&](auto& peer) { return peer.send(text); });
  }

  /// Sends a binary message.
  std::error_code write(binary_view binary) {
    return write_message([&](auto& peer) { return peer.send(binary); });
  }

  /// Sends a message that was read, also from this connection, as long as its view is valid.
  std::error_code write(message_view view) {
    return write_message([&](auto& peer) { return peer.send(view); });
  }

  /// Sends a text or binary message; a long one is moved, not copied.
  template <class Owned>
  requires std::same_as<Owned, std::string> || std::same_as<Owned, std::vector<std::byte>>
      std::error_code write(Owned&& payload) {
    return write_message([&](auto& peer) { return peer.send(std::move(payload)); });
  }

  /// Sends a message that many connections share.
  std::error_code write(const prepared_message& prepared) {
    return write_message([&](auto& peer) { return peer.send(prepared); });
  }

  /// Begins a message that is sent in fragments. Messages of other threads wait until it is finished.
  /// Each piece fails with closed once the peer's Close frame, or the end of its stream, has arrived, also
  /// behind messages that wait for read().
  [[nodiscard]] outgoing begin_message(message_kind kind, coding how = coding::agreed) {
    return outgoing{*driver_, kind, how};
  }

  /// Sends a ping with at most 125 bytes of payload. Does not wait for the pong: see round_trip().
  std::error_code ping(binary_view payload = {}) {
    return driver_->write([&](auto& peer) { return peer.send_ping(payload); },
                          detail::sends::control);
  }

  /// Closes the connection: sends the queued output and a Close frame, then waits for the peer's
  /// Close frame and the end of the stream, for at most `close_timeout`. Returns no error if both
  /// sides have closed. A code or a reason that must not be sent is refused, and the connection
  /// stays open: RFC 6455 §7.4.
  std::error_code close(std::optional<close_code> code = close_code::normal,
                        std::string_view reason = {}) {
    return driver_->close(code, reason);
  }

  /// Begins the closing handshake, and does not wait. The thread that reads completes it.
  std::error_code begin_close(std::optional<close_code> code = close_code::normal,
                              std::string_view reason = {}) {
    return driver_->begin_close(code, reason);
  }

  /// Ends the connection at once, without a closing handshake. If the stream can be aborted, other
  /// threads return from their calls soon; otherwise at the next activity of the stream.
  void close_now() { driver_->close_now(); }

  /// Counts what is stored from now on, and `beside` bytes, in a server's memory budget. Before other threads
  /// use this object.
  void count_memory(detail::memory_holder& counts, std::size_t beside) {
    driver_->count_memory(counts, beside);
  }

  /// Ends the connection because the server's memory budget is exceeded, with 1013 if the peer reads, and
  /// releases what is stored. From any thread; does not wait.
  void exceed_memory() { driver_->exceed_memory(); }

  /// Whether messages can still be sent. The answer may be outdated at once.
  bool is_open() const { return driver_->is_open(); }

  /// How the connection ended, after read() has returned nothing or close() has returned. Its
  /// reason is valid as long as this object.
  closed close_reason() const { return driver_->outcome().value_or(closed{}); }

  /// The time between the last answered ping, keep-alive included, and its pong.
  std::optional<duration> round_trip() const { return driver_->round_trip(); }

  /// The negotiated subprotocol, or an empty text.
  const std::string& subprotocol() const noexcept { return agreed_.subprotocol; }

  /// The negotiated extensions, as in the server's response.
  const extension_list& extensions() const noexcept { return agreed_.extensions; }

  /// The server's response in the opening handshake, with its headers, on a client's side: status 101. Status
  /// 0 on a server's side. Valid as long as this object.
  const hawser::response& response() const noexcept { return detail::answer_of(agreed_); }

  /// Whether the stream is encrypted.
  bool is_secure() const { return detail::is_secure(driver_->stream()); }

  /// What TLS has negotiated; null if the stream is not encrypted. Each call reads it again.
  std::shared_ptr<const tls_facts> tls() const { return detail::tls_facts_of(driver_->stream()); }

  /// The peer's certificate, or null.
  std::shared_ptr<const certificate_facts> peer_certificate() const {
    return detail::certificate_of(tls());
  }

  /// The stream, for its address and settings. Do not read or write it.
  Stream& stream() noexcept { return driver_->stream(); }

 private:
  using time_point = std::chrono::steady_clock::time_point;

  time_point deadline_in(duration timeout) {
    return deadline_after(detail::now_of(driver_->stream()), timeout);
  }

  template <class Send>
  std::error_code write_message(Send send) {
    return driver_->write(std::move(send), detail::sends::message);
  }

  // On the heap, because other threads use it while this object is moved.
  std::unique_ptr<driver> driver_;
  agreement agreed_;
};

}  // namespace hawser
