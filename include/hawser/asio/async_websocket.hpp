// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/async_result.hpp>

#include "hawser/asio/driver/async_websocket_driver.hpp"
#include "hawser/asio/opening/async_opening.hpp"
#include "hawser/asio/received_part.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/control_payload.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// A WebSocket connection over an AsyncStream, for a program that uses Asio itself. All operations
/// have the signature void(std::error_code), accept any completion token, do not call the handler
/// before they return, and complete with asio::error::operation_aborted if this object is
/// destroyed. It may be destroyed inside handlers, `decide` and the functions of a policy.
///
/// Make all calls on the executor of the stream, which must run one function at a time: a strand,
/// or a context that one thread runs. Handlers may be bound to other executors.
///
/// The stream is read only while a read is pending, or while the connection closes: a program that does
/// not read stops the peer, and does not answer its pings. An open connection keeps its context busy.
/// The destructor drops an open connection without a closing handshake: call async_close() first.
template <class AsyncStream, message_extension Extension = any_extension,
          mask_source Masks = system_mask_source>
class async_websocket {
  using connection_type = basic_connection<Extension, Masks>;
  using driver = detail::async_websocket_driver<AsyncStream, connection_type>;

 public:
  using next_layer_type = AsyncStream;
  using executor_type = typename AsyncStream::executor_type;
  using duration = std::chrono::steady_clock::duration;
  using default_token = typename asio::default_completion_token<executor_type>::type;

  /// An empty one, as after a move: it may only be assigned, destroyed, and asked is_open().
  async_websocket() noexcept requires std::same_as<Extension, any_extension>
  = default;

  /// For a stream that is connected, or will be before the opening handshake. The policy of the
  /// handshake makes its extension: see negotiating_client_policy.
  explicit async_websocket(AsyncStream stream, const opening_options& options = {}) requires
      std::same_as<Extension, any_extension> && std::default_initializable<Masks>
      : driver_{std::make_shared<driver>(std::move(stream),
                                         connection_type{role::client, options.connection},
                                         options)} {}

  /// For a stream whose opening handshake is done. `received` are the bytes that were read after it.
  async_websocket(role own_role, AsyncStream stream, const connection_options& options = {},
                  bytes_view received = {}, agreement agreed = {}, Extension extension = {},
                  Masks masks = {})
      : driver_{std::make_shared<driver>(
            std::move(stream),
            connection_type{own_role, options, std::move(extension), std::move(masks)},
            opening_options{.connection = options})} {
    driver_->begin(received, std::move(agreed));
  }

  async_websocket(async_websocket&&) noexcept = default;
  async_websocket& operator=(async_websocket other) noexcept {
    std::swap(driver_, other.driver_);
    return *this;
  }

  ~async_websocket() {
    if (driver_) driver_->drop();
  }

  executor_type get_executor() const { return driver_->get_executor(); }

  /// Performs a server's opening handshake. On failure, and after cancellation (terminal, partial),
  /// the client has got a response and the stream is closed. Exceptions of a policy or of `decide`
  /// are not passed on: see async_perform().
  template <class Token = default_token>
  requires(!server_policy<std::remove_cvref_t<Token>>) auto async_accept(
      Token&& token = default_token()) {
    return accept(std::make_shared<server_handshake<>>(), detail::policy_decides{},
                  std::forward<Token>(token));
  }

  /// The same with a policy of yours. In a co_await, store the policy in a variable first: g++ 12
  /// destroys a temporary made with braces twice.
  template <server_policy Policy, class Token = default_token>
  auto async_accept(Policy policy, Token&& token = default_token()) {
    return accept(std::make_shared<server_handshake<Policy>>(std::move(policy)),
                  detail::policy_decides{}, std::forward<Token>(token));
  }

  /// The same, but calls `decide(handshake)` for a valid request, which must call accept() or
  /// reject() before it returns; if it does neither, the client gets 500 and the operation fails
  /// with errc::upgrade_unanswered. The handshake must exist until completion; handshake.request()
  /// is then the request.
  template <server_policy Policy, class Decide, class Token>
  auto async_accept(server_handshake<Policy>& handshake, Decide decide, Token&& token) {
    return accept(detail::borrowed(handshake), std::move(decide), std::forward<Token>(token));
  }

  /// Performs the opening handshake with the server of `where`, to which the stream leads. A wss:
  /// URI on a stream that is not encrypted, for example a socket, is errc::unsupported_scheme, and
  /// nothing is sent: see tls_stream, or stream_traits for a stream of your own.
  template <class Token = default_token>
  requires(!client_policy<std::remove_cvref_t<Token>>) auto async_connect(
      const uri& where, Token&& token = default_token()) {
    return connect(std::make_shared<client_handshake<>>(where), std::forward<Token>(token));
  }

  /// The same with a policy of yours.
  template <client_policy Policy, class Token = default_token>
  auto async_connect(const uri& where, Policy policy, Token&& token = default_token()) {
    return connect(std::make_shared<client_handshake<Policy>>(where, std::move(policy)),
                   std::forward<Token>(token));
  }

  /// The same with a handshake, which must exist until completion; after a refusal,
  /// handshake.response() is the response.
  template <client_policy Policy, class Token = default_token>
  auto async_connect(client_handshake<Policy>& handshake, Token&& token = default_token()) {
    return connect(detail::borrowed(handshake), std::forward<Token>(token));
  }

  /// Waits for the next message and stores it in `into`, whose memory is used again. Completes with
  /// errc::closed when the connection and its stream have ended; close_reason() is then the reason. Several
  /// reads complete in order. Cancelling a read (any type) before its handler is called loses nothing: it
  /// completes with operation_aborted, and the next read gets the message.
  template <class Token = default_token>
  requires(!std::convertible_to<Token, duration>) auto async_read(message& into,
                                                                  Token&& token = default_token()) {
    return read(into, (duration::max)(), std::forward<Token>(token));
  }

  /// The same, but completes with errc::read_timeout after `timeout`; the connection stays open,
  /// and the beginning of a message is kept.
  template <class Token = default_token>
  auto async_read(message& into, duration timeout, Token&& token = default_token()) {
    return read(into, timeout, std::forward<Token>(token));
  }

  /// Waits for the next part of a message, in the size in which it arrives. async_read() inside a
  /// message returns the rest of it as one message.
  template <class Token = default_token>
  requires(!std::convertible_to<Token, duration>) auto async_read_part(
      received_part& into, Token&& token = default_token()) {
    return read(into, (duration::max)(), std::forward<Token>(token));
  }

  /// The same, but waits for at most `timeout`.
  template <class Token = default_token>
  auto async_read_part(received_part& into, duration timeout, Token&& token = default_token()) {
    return read(into, timeout, std::forward<Token>(token));
  }

  /// Sends a text message, and completes when the stream has accepted it. The bytes are copied when
  /// the operation begins. Any number of writes may be pending; they are sent in order. Completes
  /// with invalid_utf8 (nothing was sent), closed, or the error of the stream. A message that has
  /// begun cannot be withdrawn: cancelling (terminal) only ends the wait.
  template <class Token = default_token>
  auto async_write(std::string_view text, Token&& token = default_token()) {
    return write_message(text, std::forward<Token>(token));
  }

  /// Sends a binary message.
  template <class Token = default_token>
  auto async_write(binary_view binary, Token&& token = default_token()) {
    return write_message(binary, std::forward<Token>(token));
  }

  /// Sends a message that was read. A text of another origin must be valid UTF-8.
  template <class Token = default_token>
  auto async_write(message_view view, Token&& token = default_token()) {
    return write_message(view, std::forward<Token>(token));
  }

  /// Sends a text or binary message; a long one is moved, not copied.
  template <class Owned, class Token = default_token>
  requires std::same_as<Owned, std::string> || std::same_as<Owned, std::vector<std::byte>>
  auto async_write(Owned&& payload, Token&& token = default_token()) {
    return write_message(std::move(payload), std::forward<Token>(token));
  }

  /// Sends a message that many connections share.
  template <class Token = default_token>
  auto async_write(const prepared_message& prepared, Token&& token = default_token()) {
    return write_message(prepared, std::forward<Token>(token));
  }

  /// Sends a fragment of a message. Until `part::last`, other messages fail with
  /// errc::message_unfinished.
  template <class Token = default_token>
  auto async_write_part(message_kind kind, binary_view payload, part position,
                        Token&& token = default_token()) {
    return async_write_part(message_view{kind, payload}, position, std::forward<Token>(token));
  }

  /// The same. The first fragment decides whether the message is encoded.
  template <class Token = default_token>
  auto async_write_part(message_view piece, part position, Token&& token = default_token()) {
    return write(
        [position](auto& peer, message_view given) { return peer.send_part(given, position); },
        piece, std::forward<Token>(token));
  }

  /// Sends a ping with at most 125 bytes of payload, and completes when the stream has accepted it.
  /// Does not wait for the pong: see round_trip().
  template <class Token = default_token>
  auto async_ping(binary_view payload = {}, Token&& token = default_token()) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [driver = driver_](auto handler, bytes_view bytes) {
          driver->ping(std::move(handler), bytes);
        },
        token, payload);
  }

  /// Closes the connection: sends the queued output and a Close frame, then reads and discards
  /// until the peer's Close frame and the end of the stream, for at most `close_timeout`. Completes
  /// when the connection has ended, without an error if both sides have closed. A code or a reason
  /// that must not be sent is refused, and the connection stays open: RFC 6455 §7.4. Cancelling
  /// (terminal) only ends the wait.
  template <class Token = default_token>
  auto async_close(std::optional<close_code> code, std::string_view reason,
                   Token&& token = default_token()) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [driver = driver_, code](auto handler, const std::string& why) {
          driver->close(std::move(handler), code, why);
        },
        token, std::string{reason});
  }

  template <class Token = default_token>
  auto async_close(close_code code, Token&& token = default_token()) {
    return async_close(std::optional{code}, {}, std::forward<Token>(token));
  }

  /// With close_code::normal.
  template <class Token = default_token>
  requires(!std::convertible_to<Token, std::optional<close_code>>) auto async_close(
      Token&& token = default_token()) {
    return async_close(close_code::normal, std::forward<Token>(token));
  }

  /// Ends the connection at once, without a closing handshake. Pending operations complete.
  void close_now() { driver_->close_now(); }

  /// Whether messages can still be sent. The answer may be outdated at once.
  bool is_open() const noexcept { return driver_ && driver_->is_open(); }

  /// How the connection ended, after a read has completed with errc::closed or async_close() has
  /// completed. Its reason is valid as long as this object.
  closed close_reason() const noexcept { return driver_->outcome(); }

  /// The time between the last answered ping, keep-alive included, and its pong.
  std::optional<duration> round_trip() const noexcept { return driver_->round_trip(); }

  /// The negotiated subprotocol, or an empty text.
  const std::string& subprotocol() const noexcept { return driver_->agreed().subprotocol; }

  /// The negotiated extensions, as in the server's response.
  const extension_list& extensions() const noexcept { return driver_->agreed().extensions; }

  /// The server's response in the opening handshake, with its headers, on a client's side: status 101. Status
  /// 0 before, and on a server's side. Valid as long as this object.
  const hawser::response& response() const noexcept { return detail::answer_of(driver_->agreed()); }

  /// Whether the stream is encrypted.
  bool is_secure() const { return driver_->is_secure(); }

  /// What TLS has negotiated: see tls_stream. Null before its handshake is done, and if the stream is not
  /// encrypted, and after the end of its execution context. Each call reads it again.
  std::shared_ptr<const tls_facts> tls() const { return driver_->tls(); }

  /// The peer's certificate, or null.
  std::shared_ptr<const certificate_facts> peer_certificate() const {
    return detail::certificate_of(tls());
  }

  /// The stream, to connect it and for its settings. Do not read or write it.
  AsyncStream& next_layer() noexcept { return driver_->stream(); }

 private:
  template <class Handshake, class Decide, class Token>
  auto accept(std::shared_ptr<Handshake> handshake, Decide decide, Token&& token) {
    return open(role::server, std::move(handshake), std::move(decide), std::forward<Token>(token));
  }

  template <class Handshake, class Token>
  auto connect(std::shared_ptr<Handshake> handshake, Token&& token) {
    return open(role::client, std::move(handshake), detail::policy_decides{},
                std::forward<Token>(token));
  }

  template <class Handshake, class Decide, class Token>
  auto open(role own_role, std::shared_ptr<Handshake> handshake, Decide decide, Token&& token) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [driver = driver_, own_role, handshake = std::move(handshake)](auto handler, auto decides) {
          driver->open(own_role, std::move(handler), handshake, std::move(decides));
        },
        token, std::move(decide));
  }

  template <class Into, class Token>
  auto read(Into& into, duration timeout, Token&& token) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [driver = driver_, &into, timeout](auto handler) {
          driver->read(std::move(handler), into, timeout);
        },
        token);
  }

  template <class Payload, class Token>
  auto write_message(Payload payload, Token&& token) {
    return write([](auto& peer, auto&& given) { return peer.send(std::move(given)); },
                 std::move(payload), std::forward<Token>(token));
  }

  template <class Send, class Payload, class Token>
  auto write(Send send, Payload payload, Token&& token) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [driver = driver_, send](auto handler, Payload given) {
          driver->write(std::move(handler),
                        [&](auto& peer) { return send(peer, std::move(given)); });
        },
        token, std::move(payload));
  }

  std::shared_ptr<driver> driver_;
};

}  // namespace hawser
