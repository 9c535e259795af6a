// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <any>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/session/session_data.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/asio/session_message.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/base/thread_kept.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// A connection of a server or of a client on an event loop. A handle: cheap to copy, and safe to
/// use after its connection has ended, or without one.
///
/// send(), ping(), close(), close_now(), pause(), resume() and on_drained() may be called on any
/// thread, also at the same time. The calls of one thread take effect in their order. None of them
/// waits, calls a handler, or throws because of the peer.
///
/// async_receive(), async_drained(), receive(), drained() and data() must be called on the session's
/// executor, get_executor(): in a handler of the session, in the coroutine of on_session, or in a function
/// that was posted there. On another thread they are a data race. The same holds for the cancellation of a
/// wait. The completion handler runs on its own associated executor.
class session {
  // Defined before its uses, which need its return type.
  template <class Operation, class CompletionToken, class... Facts>
  auto wait(CompletionToken&& token, Facts... facts) const {
    return asio::async_initiate<CompletionToken, void(std::error_code)>(
        [state = state_](auto handler, Facts... given) {
          if (!state) throw std::system_error{errc::closed};
          const auto cancel = [weak = std::weak_ptr{state}](asio::cancellation_type_t, auto& one) {
            if (const auto alive = weak.lock()) alive->cancel(one);
          };
          state->wait_for(detail::begin_operation<Operation>(std::move(handler), state->executor(),
                                                             cancel, given...));
        },
        token, facts...);
  }

 public:
  session() = default;
  explicit session(std::shared_ptr<detail::session_state> state) noexcept
      : state_{std::move(state)} {}

  /// Sends a text. Fails with invalid_utf8, send_budget_exceeded (see send_budget) or closed. No
  /// error means that it is queued; it is lost if the connection breaks before the peer has it. What a
  /// handler sends, to its own session or to others, may leave only after it has returned.
  std::error_code send(std::string_view text) const {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return send(message_view{message_kind::text, as_bytes(text)});
  }

  /// Sends a binary message.
  std::error_code send(binary_view binary) const {
    return send(message_view{message_kind::binary, binary});
  }

  /// Sends a message that was received, by this session or another one.
  std::error_code send(message_view view) const {
    if (!state_) return errc::closed;
    return state_->send_view(view);
  }

  /// Sends a text; a long one is moved, not copied.
  template <std::same_as<std::string> Text>
  std::error_code send(Text&& text) const {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return submit({message_kind::text, std::move(text)});
  }

  /// Sends a binary message; a long one is moved, not copied.
  template <std::same_as<std::vector<std::byte>> Bytes>
  std::error_code send(Bytes&& binary) const {
    return submit({message_kind::binary, std::move(binary)});
  }

  /// Sends a message that many sessions share.
  std::error_code send(const prepared_message& prepared) const {
    if (prepared.error() != errc{}) return prepared.error();
    return submit({prepared.kind(), prepared});
  }

  /// Begins a message that a coroutine sends in fragments, with backpressure: `co_await out.write(piece)`.
  /// Must be called on the session's executor.
  session_message<session> begin_message(message_kind kind, coding how = coding::agreed) const {
    return {*this, state_, kind, how};
  }

  /// Sends a ping with at most 125 bytes of payload. Pings count for the send budget like messages.
  std::error_code ping(binary_view payload = {}) const {
    if (payload.size() > max_control_payload) return errc::control_too_long;
    if (!state_) return errc::closed;
    return state_->send_owned(detail::ping_command{{payload.begin(), payload.end()}});
  }

  /// Closes the connection after the queued output; on_close reports the end. Fails with errc::closed
  /// if it is already closing. A code or a reason that must not be sent is refused: RFC 6455 §7.4.
  std::error_code close(std::optional<close_code> code = close_code::normal,
                        std::string_view reason = {}) const {
    if (!state_) return errc::closed;
    if (const auto error = check_close(code, reason, state_->own_role()); error != errc{})
      return error;
    return state_->close({code, std::string{reason}});
  }

  /// Ends the connection at once, and drops what is queued.
  void close_now() const {
    if (state_) state_->submit(detail::abort_command{});
  }

  /// Stops reading, so the peer cannot send more: no message is reported until resume(), except one
  /// that is already being reported if another thread calls this. While input waits unread, the
  /// peer's silence does not end the connection. If a coroutine serves the session, its receives control
  /// reading, and pause() and resume() have no effect.
  void pause() const {
    if (state_) state_->submit(detail::flow_command{true});
  }
  void resume() const {
    if (state_) state_->submit(detail::flow_command{false});
  }

  /// The bytes that wait to be written, plus the memory of what other threads have queued.
  std::size_t buffered_bytes() const noexcept { return state_ ? state_->buffered_bytes() : 0; }

  /// Sets the function that is called on the session's thread when buffered_bytes() falls to
  /// send_budget::high / 2 after it exceeded `high` or a send was refused. Replaces the previous
  /// function. It may hold this handle, and is not called after on_close. An empty std::function
  /// removes it.
  template <class Handler>
  void on_drained(Handler handler) const {
    static_assert(detail::handler_fits<Handler, void()>,
                  "session::on_drained wants void(); in coroutines use drained()");
    if constexpr (detail::handler_fits<Handler, void()>) set_drained(std::move(handler));
  }

  /// Waits for the next message of a session that a coroutine serves (route::on_session), and
  /// stores it in `into`. Completes with void(std::error_code): errc::closed when there are no more
  /// messages. Several receives complete in order. The socket is read only while one is pending. Must be
  /// called, and cancelled, on the session's executor; `into` must stay until completion. A receive that is
  /// cancelled before its handler is called completes with operation_aborted and takes no message: the next
  /// receive gets it.
  template <class CompletionToken>
  auto async_receive(message& into, CompletionToken&& token) const {
    return wait<detail::read_operation>(std::forward<CompletionToken>(token), std::ref(into));
  }

  /// The same, but completes with errc::read_timeout after `timeout`. The session stays open, and the next
  /// receive gets a message that arrives later.
  template <class CompletionToken>
  auto async_receive(message& into, std::chrono::steady_clock::duration timeout,
                     CompletionToken&& token) const {
    return wait<detail::read_operation>(std::forward<CompletionToken>(token), std::ref(into),
                                        timeout);
  }

  /// Waits until buffered_bytes() is at most half of send_budget::high; completes at once if it is. For all
  /// sessions. Completes with void(std::error_code). Must be called, and cancelled, on the session's
  /// executor.
  template <class CompletionToken>
  auto async_drained(CompletionToken&& token) const {
    return wait<detail::drain_operation>(std::forward<CompletionToken>(token));
  }

  // These two are templates, so that only units that call them compile coroutines.

  /// async_receive() for coroutines: returns nothing when the session has ended, and only then. Must be
  /// awaited on the session's executor: a coroutine of another executor is spawned on get_executor() for it.
  /// As an operand of `||` (asio::experimental::awaitable_operators) it is cancelled if the other operand
  /// completes first: it then throws operation_aborted, and the next receive gets the message.
  template <class Token = asio::use_awaitable_t<>>
  asio::awaitable<std::optional<message>> receive() const {
    message into;
    std::error_code ec;
    co_await async_receive(into, asio::redirect_error(Token{}, ec));
    if (ec == errc::closed) co_return std::nullopt;
    if (ec) throw std::system_error{ec};
    co_return into;
  }

  /// The same, but waits for at most `timeout`. Returns nothing if there is no message, and `ec` says why:
  /// errc::read_timeout, errc::closed when the session has ended, or operation_aborted if it was cancelled.
  template <class Token = asio::use_awaitable_t<>>
  asio::awaitable<std::optional<message>> receive(std::chrono::steady_clock::duration timeout,
                                                  std::error_code& ec) const {
    message into;
    co_await async_receive(into, timeout, asio::redirect_error(Token{}, ec));
    if (ec) co_return std::nullopt;
    co_return into;
  }

  /// async_drained() for coroutines, to be awaited between sends; errc::closed when the session has
  /// ended. Must be awaited on the session's executor, as receive(). Store the result in a
  /// variable, `if (const auto ec = co_await …)`: g++ 12 compiles a condition without one wrongly.
  template <class Token = asio::use_awaitable_t<>>
  asio::awaitable<std::error_code> drained() const {
    std::error_code ec;
    co_await async_drained(asio::redirect_error(Token{}, ec));
    co_return ec;
  }

  /// Where the session's handlers run. Must not be called on an empty handle.
  asio::any_io_executor get_executor() const { return state_->executor(); }

  /// Whether messages can still be sent. The answer may be outdated at once.
  bool is_open() const noexcept { return state_ && state_->can_send(); }

  /// The request of the opening handshake. Empty for a client's session, and after on_open if
  /// route_options::keep_request says so.
  const hawser::request& request() const noexcept {
    static const never_destroyed<hawser::request> none;
    return state_ ? state_->facts().asked() : none.get();
  }

  /// The value of a parameter of the route, percent-decoded: `/rooms/:id` has `id`. It may hold any byte.
  /// Empty if there is no such parameter.
  std::string_view parameter(std::string_view name) const noexcept {
    return state_ ? state_->facts().parameter(name) : std::string_view{};
  }

  /// The negotiated extensions, as in the server's response.
  const extension_list& extensions() const noexcept {
    static const never_destroyed<extension_list> none;
    return state_ ? state_->facts().agreed().extensions : none.get();
  }

  /// The negotiated subprotocol, or an empty text.
  std::string_view subprotocol() const noexcept {
    return state_ ? std::string_view{state_->facts().agreed().subprotocol} : std::string_view{};
  }

  /// The server's response in the opening handshake, with its headers, of a client's session: status 101.
  /// Status 0 of a server's session. Valid as long as a handle of the session exists.
  const hawser::response& response() const noexcept {
    static const never_destroyed<agreement> none;
    return detail::answer_of(state_ ? state_->facts().agreed() : none.get());
  }

  /// Address and port of the peer, or the path of a Unix socket.
  std::string_view remote_address() const noexcept {
    return state_ ? state_->facts().remote_address() : std::string_view{};
  }

  /// The server's listener that accepted the connection: its address and port, or the path of a
  /// Unix socket. Empty for a client's session.
  std::string_view listener() const noexcept {
    return state_ ? state_->facts().listener() : std::string_view{};
  }

  /// Whether the connection is encrypted.
  bool is_secure() const noexcept { return request().is_secure(); }

  /// What TLS has negotiated; null without TLS. May be called on any thread, also after on_close.
  std::shared_ptr<const tls_facts> tls() const noexcept {
    return state_ ? state_->facts().tls() : nullptr;
  }

  /// The peer's certificate, or null.
  std::shared_ptr<const certificate_facts> peer_certificate() const noexcept {
    return detail::certificate_of(tls());
  }

  session_statistics statistics() const {
    return state_ ? state_->statistics() : session_statistics{};
  }

  /// Storage for the application's own data of this connection, until on_close has returned. It may
  /// hold this handle. Must be used on the session's executor. An empty handle stores nothing.
  std::any& data() const {
    if (state_) return state_->data();
    thread_local never_destroyed<std::any>
        last;  // used when the thread has destroyed its `nowhere`
    auto* const nowhere = thread_kept<std::any>::get();
    auto& place = nowhere != nullptr ? *nowhere : last.get();
    place.reset();
    return place;
  }

  /// Keeps an object until the session ends: it is released on the session's thread just before on_close, or
  /// with the session if that ends without a handler. `make(const asio::any_io_executor&)` gets get_executor()
  /// and returns the object as a std::shared_ptr<void>. It is called on the calling thread, which may be any,
  /// and must not use the session. Fails with errc::closed, without calling `make`, if the session has ended.
  template <class Make>
  std::error_code keep_until_end(Make make) const {
    return state_ ? state_->keep_until_end(std::move(make)) : errc::closed;
  }

  /// For layers that send several messages to many sessions: what is sent between these two calls leaves in as
  /// few writes as possible. Both must be called in one function that was posted to get_executor().
  void hold_output() const {
    if (state_) state_->hold_output();
  }
  void release_output() const {
    if (state_) state_->release_output();
  }

  /// A number that no other session of this process has or will have; not 0. Of an empty handle: 0.
  std::uint64_t id() const noexcept { return state_ ? state_->id() : 0; }

  /// The data, which must be a `T`: `upgrade.data() = user{…}` in on_upgrade, then `session.data<user>()`.
  /// Throws bad_session_data if there is none, or of another type.
  template <class T>
  T& data() const {
    return detail::data_as<T>(data());
  }

  /// Whether two handles refer to the same connection. There is a std::hash, too.
  friend bool operator==(const session&, const session&) = default;
  friend auto operator<=>(const session&, const session&) = default;

  explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  void set_drained(handler_function<void()> hook) const {
    if (state_) state_->submit(detail::drained_command{std::move(hook)});
  }

  std::error_code submit(detail::send_command command) const {
    if (!state_) return errc::closed;
    return state_->send_owned(std::move(command));
  }

  std::shared_ptr<detail::session_state> state_;
};

}  // namespace hawser

template <>
struct std::hash<hawser::session> {
  std::size_t operator()(const hawser::session& one) const noexcept {
    return std::hash<std::uint64_t>{}(one.id());
  }
};
