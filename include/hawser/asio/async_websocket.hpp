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

#include "hawser/asio/async_opening.hpp"
#include "hawser/asio/async_websocket_driver.hpp"
#include "hawser/asio/received_part.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/policy.hpp"
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

namespace hawser {

/// A WebSocket connection over an AsyncStream, for a program that has its own Asio. All operations
/// have the signature void(std::error_code), take any completion token, never call the handler
/// before they return, and complete with asio::error::operation_aborted if this object is destroyed.
/// It may be destroyed inside handlers, `decide` and the functions of a policy.
///
/// All calls are made on the executor of the stream, which runs one thing at a time: a strand, or a
/// context that one thread runs. Handlers may be bound to other executors.
///
/// The stream is read only while a read waits, or while the connection closes: a program that does not
/// read holds the peer up, and leaves its pings without an answer. An open connection keeps its
/// context busy. Destroying one drops it: async_close() first.
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

  /// Over a stream that is connected, or will be before the opening handshake. Its extension is what
  /// the policy of that handshake makes of the agreement: see negotiating_client_policy.
  explicit async_websocket(AsyncStream stream, const opening_options& options = {}) requires
      std::same_as<Extension, any_extension> && std::default_initializable<Masks>
      : driver_{std::make_shared<driver>(std::move(stream),
                                         connection_type{role::client, options.connection},
                                         options)} {}

  /// Over a stream on which the opening handshake is done: `received` is what was read behind it.
  async_websocket(role self, AsyncStream stream, const connection_options& options = {},
                  bytes_view received = {}, agreement agreed = {}, Extension extension = {},
                  Masks masks = {})
      : driver_{std::make_shared<driver>(
            std::move(stream),
            connection_type{self, options, std::move(extension), std::move(masks)},
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

  /// Serves the opening handshake of a client. If it fails, the client has been told why and the
  /// stream is closed, as when it is cancelled (terminal, partial). What a policy or `decide` throws is not
  /// passed on: see async_perform().
  template <class Token = default_token>
  requires(!server_policy<std::remove_cvref_t<Token>>) auto async_accept(
      Token&& token = default_token()) {
    return accept(std::make_shared<server_handshake<>>(), detail::policy_decides{},
                  std::forward<Token>(token));
  }

  /// The same with a policy of yours. In a co_await give it a name first: g++ 12 destroys twice what is
  /// made with braces there.
  template <server_policy Policy, class Token = default_token>
  auto async_accept(Policy policy, Token&& token = default_token()) {
    return accept(std::make_shared<server_handshake<Policy>>(std::move(policy)),
                  detail::policy_decides{}, std::forward<Token>(token));
  }

  /// The same, but a good request is shown to `decide(handshake)`, which calls accept() or refuse()
  /// before it returns; if it does neither, the client gets 500 and the operation fails with
  /// errc::upgrade_unanswered. The handshake must stay until completion; then request() is what was asked.
  template <server_policy Policy, class Decide, class Token>
  auto async_accept(server_handshake<Policy>& handshake, Decide decide, Token&& token) {
    return accept(detail::borrowed(handshake), std::move(decide), std::forward<Token>(token));
  }

  /// Performs the opening handshake with the server that `where` names, to which the stream leads. A
  /// wss: URI on a stream that is not encrypted, a socket for example, is an errc::unsupported_scheme,
  /// and nothing is sent: see tls_stream, or stream_traits for a stream of your own.
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

  /// The same, with a handshake that must stay until completion: then handshake.response() is the
  /// server's answer if it was a refusal.
  template <client_policy Policy, class Token = default_token>
  auto async_connect(client_handshake<Policy>& handshake, Token&& token = default_token()) {
    return connect(detail::borrowed(handshake), std::forward<Token>(token));
  }

  /// Waits for the next message, and puts it `into` memory that is used again. Completes with
  /// errc::closed when the connection is over, its stream included: close_reason() says why. Several
  /// reads are served in order. Cancelling one (whatever the type) loses nothing: the next gets the message.
  template <class Token = default_token>
  requires(!std::convertible_to<Token, duration>) auto async_read(message& into,
                                                                  Token&& token = default_token()) {
    return read(into, (duration::max)(), std::forward<Token>(token));
  }

  /// The same, but completes with errc::read_timeout after `timeout`; the connection goes on, with
  /// what has arrived of a message kept.
  template <class Token = default_token>
  auto async_read(message& into, duration timeout, Token&& token = default_token()) {
    return read(into, timeout, std::forward<Token>(token));
  }

  /// Waits for the next part of a message, in the size in which it arrives. async_read() in the middle
  /// of a message takes the rest of it as one.
  template <class Token = default_token>
  requires(!std::convertible_to<Token, duration>) auto async_read_part(
      received_part& into, Token&& token = default_token()) {
    return read(into, (duration::max)(), std::forward<Token>(token));
  }

  /// The same, for `timeout` at most.
  template <class Token = default_token>
  auto async_read_part(received_part& into, duration timeout, Token&& token = default_token()) {
    return read(into, timeout, std::forward<Token>(token));
  }

  /// Sends a text message, and completes when the stream has taken it. The octets are copied when the
  /// operation begins; any number may be under way, and go out in order. Completes with invalid_utf8
  /// (nothing was sent), closed, or what the stream said. A message that is under way cannot be taken
  /// back: cancelling (terminal) only ends the waiting.
  template <class Token = default_token>
  auto async_write(std::string_view text, Token&& token = default_token()) {
    return write_message(text, std::forward<Token>(token));
  }

  /// Sends a binary message.
  template <class Token = default_token>
  auto async_write(bytes_view binary, Token&& token = default_token()) {
    return write_message(binary, std::forward<Token>(token));
  }

  /// Sends a message that was read, or one that is known to be valid.
  template <class Token = default_token>
  auto async_write(message_view view, Token&& token = default_token()) {
    return write_message(view, std::forward<Token>(token));
  }

  /// Sends a text or binary message without copying a long one.
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

  /// Sends a fragment of a message. Until `part::last` no other message can be sent: that completes
  /// with errc::message_unfinished.
  template <class Token = default_token>
  auto async_write_part(message_kind kind, bytes_view payload, part position,
                        Token&& token = default_token()) {
    return async_write_part(message_view{kind, payload}, position, std::forward<Token>(token));
  }

  /// The same; whether the message is encoded is decided with the first fragment.
  template <class Token = default_token>
  auto async_write_part(message_view piece, part position, Token&& token = default_token()) {
    return write(
        [position](auto& peer, message_view given) { return peer.send_part(given, position); },
        piece, std::forward<Token>(token));
  }

  /// Sends a ping of at most 125 octets, and completes when the stream has taken it. The pong is not
  /// waited for: see round_trip().
  template <class Token = default_token>
  auto async_ping(bytes_view payload = {}, Token&& token = default_token()) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [driver = driver_](auto handler, bytes_view octets) {
          driver->ping(std::move(handler), octets);
        },
        token, payload);
  }

  /// Closes: sends what is queued and a Close frame, then reads and discards until the peer's comes
  /// and the stream ends, `close_timeout` at most. Completes when the connection is over, without an
  /// error if both sides closed. Codes and reasons that must not be sent are refused, and the
  /// connection goes on: RFC 6455 §7.4. Cancelling (terminal) only ends the waiting.
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

  /// Ends the connection at once, without the closing handshake: what is pending completes.
  void close_now() { driver_->close_now(); }

  /// Whether messages can still be sent; that says nothing of the next moment.
  bool is_open() const noexcept { return driver_->is_open(); }

  /// How the connection ended, once a read has completed with errc::closed, or async_close() has. Its
  /// reason lives as long as this object.
  closed close_reason() const { return driver_->outcome(); }

  /// The time between the last ping that was answered, keep-alive included, and its pong.
  std::optional<duration> round_trip() const { return driver_->round_trip(); }

  /// The subprotocol that was agreed on, or an empty text.
  const std::string& subprotocol() const noexcept { return driver_->agreed().subprotocol; }

  /// The extensions that were agreed on, as the server answered them.
  const extension_list& extensions() const noexcept { return driver_->agreed().extensions; }

  /// The stream, for connecting it and for its settings: reading and writing is up to this object.
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
  auto open(role self, std::shared_ptr<Handshake> handshake, Decide decide, Token&& token) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [driver = driver_, self, handshake = std::move(handshake)](auto handler, auto decides) {
          driver->open(self, std::move(handler), handshake, std::move(decides));
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
