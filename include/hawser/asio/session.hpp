// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <any>
#include <concepts>
#include <cstddef>
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

#include "hawser/asio/operation.hpp"
#include "hawser/asio/session_state.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/base/thread_kept.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// A connection of a server or of a client on an event loop. A handle: cheap to copy, and harmless
/// when its connection is gone or if it never had one.
///
/// send(), ping(), close(), close_now(), pause(), resume() and on_drained() may be called from any
/// thread, any number of them at once. What one thread asks for happens in that order. None of them
/// waits, calls a handler, or throws because of what the peer does.
class session {
  // Defined before its uses, which deduce what it returns.
  template <class Operation, class CompletionToken, class... Facts>
  auto wait(CompletionToken&& token, Facts&... facts) const {
    return asio::async_initiate<CompletionToken, void(std::error_code)>(
        [state = state_](auto handler, Facts*... given) {
          if (!state) throw std::system_error{errc::closed};
          const auto cancel = [weak = std::weak_ptr{state}](asio::cancellation_type_t,
                                                            detail::operation& one) {
            if (const auto alive = weak.lock()) alive->cancel(one);
          };
          state->wait_for(detail::begin_operation<Operation>(std::move(handler), state->executor(),
                                                             cancel, *given...));
        },
        token, &facts...);
  }

 public:
  session() = default;
  explicit session(std::shared_ptr<detail::session_state> state) : state_{std::move(state)} {}

  /// Sends text. Fails with invalid_utf8, send_budget_exceeded (see send_budget) or closed. No error
  /// means that it is queued: the peer may still vanish before it has it.
  std::error_code send(std::string_view text) const {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return send(message_view{message_kind::text, as_bytes(text)});
  }

  /// Sends octets.
  std::error_code send(bytes_view binary) const {
    return send(message_view{message_kind::binary, binary});
  }

  /// Sends a message that was received, by this session or another one.
  std::error_code send(message_view view) const {
    if (!state_) return errc::closed;
    return state_->send_view(view);
  }

  /// Sends text without copying a long one.
  template <std::same_as<std::string> Text>
  std::error_code send(Text&& text) const {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return submit({message_kind::text, std::move(text)});
  }

  /// Sends octets without copying many.
  template <std::same_as<std::vector<std::byte>> Bytes>
  std::error_code send(Bytes&& binary) const {
    return submit({message_kind::binary, std::move(binary)});
  }

  /// Sends a message that many sessions share.
  std::error_code send(const prepared_message& prepared) const {
    if (prepared.error() != errc{}) return prepared.error();
    return submit({prepared.kind(), prepared});
  }

  /// Sends a ping of at most 125 octets. Pings count for the send budget as messages do.
  std::error_code ping(bytes_view payload = {}) const {
    if (payload.size() > max_control_payload) return errc::control_too_long;
    if (!state_) return errc::closed;
    return state_->send_owned(detail::ping_command{{payload.begin(), payload.end()}});
  }

  /// Closes after what is queued; on_close tells the end. Fails with errc::closed if it is closing
  /// already. Codes and reasons that must not be sent are
  /// refused: RFC 6455 §7.4.
  std::error_code close(std::optional<close_code> code = close_code::normal,
                        std::string_view reason = {}) const {
    if (!state_) return errc::closed;
    if (const auto error = check_close(code, reason, state_->self()); error != errc{}) return error;
    return state_->close({code, std::string{reason}});
  }

  /// Ends the connection at once, whatever is queued.
  void close_now() const {
    if (state_) state_->submit(detail::abort_command{});
  }

  /// Stops reading, so that the peer has to wait: no message comes until resume(), but one may be on
  /// its way when another thread calls this. The keep-alive rests meanwhile. Where a coroutine serves
  /// the session its receives decide instead, and neither of the two does anything.
  void pause() const {
    if (state_) state_->submit(detail::flow_command{true});
  }
  void resume() const {
    if (state_) state_->submit(detail::flow_command{false});
  }

  /// Octets that wait to be written, and what it takes to keep what other threads have sent.
  std::size_t buffered_bytes() const noexcept { return state_ ? state_->buffered_bytes() : 0; }

  /// Calls `hook` on the session's thread each time when buffered_bytes() has been above
  /// send_budget::high, or a message was refused behind others, and at most half of `high` waits again.
  /// The last hook counts; it may hold this handle, and is not called after on_close.
  void on_drained(std::function<void()> hook) const {
    if (state_) state_->submit(detail::drained_command{std::move(hook)});
  }

  /// Waits for the next message of a session that a coroutine serves (route::on_session) and stores it;
  /// completes with errc::closed when there is none any more. Several are served in their order; while
  /// none waits nothing is read, so the peer has to wait. On the session's thread;
  /// void(std::error_code). Can be cancelled.
  template <class CompletionToken>
  auto async_receive(message& into, CompletionToken&& token) const {
    return wait<detail::receive_operation>(std::forward<CompletionToken>(token), into);
  }

  /// Waits until buffered_bytes() is at most half of send_budget::high, whoever serves the session;
  /// completes at once if it is. On the session's thread; void(std::error_code). Can be cancelled.
  template <class CompletionToken>
  auto async_drained(CompletionToken&& token) const {
    return wait<detail::drain_operation>(std::forward<CompletionToken>(token));
  }

  /// async_receive() for coroutines: empty when the session is over.
  asio::awaitable<std::optional<message>> receive() const {
    message into;
    std::error_code ec;
    co_await async_receive(into, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return std::nullopt;
    co_return into;
  }

  /// async_drained() for coroutines, to be awaited between sends; errc::closed when the session is over.
  /// Give the result a name, `if (const auto ec = co_await …)`: g++ 12 breaks coroutines that have it as
  /// a condition without one.
  asio::awaitable<std::error_code> drained() const {
    std::error_code ec;
    co_await async_drained(asio::redirect_error(asio::use_awaitable, ec));
    co_return ec;
  }

  /// Where the session's handlers run. Not for a handle without a session.
  asio::any_io_executor get_executor() const { return state_->executor(); }

  /// Whether something can still be sent; that says nothing of the next moment.
  bool is_open() const noexcept { return state_ && state_->can_send(); }

  /// What was asked in the opening handshake. Empty for a client's session, and after on_open where
  /// route_options::keep_request says so.
  const hawser::request& request() const {
    static const never_destroyed<hawser::request> none;
    return state_ ? state_->asked() : none.get();
  }

  /// The value of a parameter of the route: `/rooms/:id` has `id`. Empty if there is none.
  std::string_view parameter(std::string_view name) const {
    return state_ ? state_->parameter(name) : std::string_view{};
  }

  /// The extensions that were agreed on, as the server answered them.
  const extension_list& extensions() const noexcept {
    static const never_destroyed<extension_list> none;
    return state_ ? state_->agreed().extensions : none.get();
  }

  /// The subprotocol that was agreed on, or an empty text.
  std::string_view subprotocol() const noexcept {
    return state_ ? std::string_view{state_->agreed().subprotocol} : std::string_view{};
  }

  /// Address and port of the other side, or the path of a Unix socket.
  std::string_view remote_address() const noexcept {
    return state_ ? state_->remote_address() : std::string_view{};
  }

  /// The listener of the server that the connection came by: its address and port, or the path of a Unix
  /// socket. Empty for a client's session.
  std::string_view listener() const noexcept {
    return state_ ? state_->listener() : std::string_view{};
  }

  /// Whether the connection is encrypted.
  bool is_secure() const { return request().is_secure(); }

  /// What TLS has agreed on; null without TLS. From any thread, also after on_close.
  std::shared_ptr<const tls_facts> tls() const noexcept { return state_ ? state_->tls() : nullptr; }

  /// The certificate that the peer has shown, or null.
  std::shared_ptr<const certificate_facts> peer_certificate() const noexcept {
    return detail::certificate_of(tls());
  }

  session_statistics statistics() const {
    return state_ ? state_->statistics() : session_statistics{};
  }

  /// A place for the application's own data of this connection, until on_close has returned: it may
  /// hold this handle. For the session's thread only. Without a session nothing stays there.
  std::any& data() const {
    if (state_) return state_->data();
    thread_local never_destroyed<std::any> last;  // when the thread has destroyed its `nowhere`
    auto* const nowhere = thread_kept<std::any>::get();
    auto& place = nowhere != nullptr ? *nowhere : last.get();
    place.reset();
    return place;
  }

  /// Whether two handles mean the same connection.
  friend bool operator==(const session&, const session&) = default;
  friend auto operator<=>(const session&, const session&) = default;

  explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  std::error_code submit(detail::send_command command) const {
    if (!state_) return errc::closed;
    return state_->send_owned(std::move(command));
  }

  std::shared_ptr<detail::session_state> state_;
};

}  // namespace hawser
