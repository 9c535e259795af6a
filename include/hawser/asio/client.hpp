// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/client_options.hpp"
#include "hawser/asio/connect_error.hpp"
#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/handler_setters.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/opening/client_opening.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/reconnecting/client_state.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/handler_from.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser {

/// A client that stays connected: when its connection ends or an attempt fails, it waits as
/// `client_options::reconnect` says and connects again, until close() or stop(), or until an error
/// is permanent (see is_worth_retrying()).
///
/// Set the handlers, then call start(): a setter that is called afterwards throws std::logic_error. The
/// handlers are called one at a time, on the threads that run the context, of which there may be any
/// number. on_close is called once for each on_open, before the next on_reconnecting; on_stopped is the
/// last call.
///
/// send(), ping(), close(), stop() and session() may be called on any thread.
template <class Layer>
class basic_client : public handler_setters<basic_client<Layer>>, public diagnosed {
 public:
  using executor_type = asio::strand<asio::io_context::executor_type>;

  /// The client may outlive the context. After the context's end it is closed, and calls no handler.
  basic_client(asio::io_context& context, client_options options, Layer layer = {})
      : basic_client{asio::make_strand(context.get_executor()), std::move(options),
                     std::move(layer)} {}

  /// Calls all handlers on this strand, which it may share with other clients and other objects.
  basic_client(const executor_type& strand, client_options options, Layer layer = {})
      : state_{std::make_shared<detail::client_state<Layer>>(strand, std::move(options),
                                                             std::move(layer))} {
    state_->hooks().diagnostics = diagnostics();
  }

  /// Ends everything at once, and calls no handler afterwards. Destroy the client only where none
  /// of its handlers can be running on another thread: in a handler, on the only thread that runs
  /// the context, or when no thread runs it.
  ~basic_client() { state_->abandon(); }
  basic_client(const basic_client&) = delete;
  basic_client& operator=(const basic_client&) = delete;

  /// The handlers, to set them. Throws std::logic_error after start().
  client_handlers& hooks() {
    detail::check_not_running(started_, "a client's handlers");
    return state_->hooks();
  }

  /// A function that reports the exceptions of a handler. It may outlive the client, and then does nothing.
  auto error_reporter() const {
    return [weak = std::weak_ptr{state_}](hawser::session& of, const incident& what) {
      if (const auto state = weak.lock()) state->report(of, what);
    };
  }

  /// For this and the next two, see client_handlers. on_failed may be a `void(const connect_error&)` instead,
  /// whose what() also names the URL and the header field, and whose answer() is the refusal.
  template <class Handler>
  basic_client& on_reconnecting(Handler handler) {
    using clock = std::chrono::steady_clock;
    using wanted = void(unsigned, clock::duration, std::error_code);
    static_assert(detail::handler_fits<Handler, wanted>,
                  "on_reconnecting wants void(unsigned, std::chrono::steady_clock::duration, "
                  "std::error_code), no coroutine");
    return set(hooks().on_reconnecting,
               detail::handler_from<wanted>(std::move(handler), "on_reconnecting()"));
  }
  template <class Handler>
  basic_client& on_failed(Handler handler) {
    using wanted = void(std::error_code, const std::optional<response>&);
    using with_text = void(const connect_error&);
    static_assert(detail::handler_fits<Handler, wanted> || detail::handler_fits<Handler, with_text>,
                  "on_failed wants void(const connect_error&), or void(std::error_code, const "
                  "std::optional<response>&), no coroutine");
    if constexpr (detail::handler_fits<Handler, with_text>) {
      auto given = detail::handler_from<with_text>(std::move(handler), "on_failed()");
      auto adapted = [weak = std::weak_ptr{state_}, given = std::move(given)](
                         std::error_code cause, const std::optional<response>& refusal) {
        if (const auto state = weak.lock()) given(state->failure_of(cause, refusal));
      };
      return set(hooks().on_failed, handler_function<wanted>{std::move(adapted)});
    } else {
      return set(hooks().on_failed,
                 detail::handler_from<wanted>(std::move(handler), "on_failed()"));
    }
  }
  template <class Handler>
  basic_client& on_stopped(Handler handler) {
    static_assert(detail::handler_fits<Handler, void()>, "on_stopped wants void(), no coroutine");
    return set(hooks().on_stopped,
               detail::handler_from<void()>(std::move(handler), "on_stopped()"));
  }

  /// Begins to connect. Has an effect once per client. Does not wait.
  void start() {
    started_ = true;
    diagnostics()->freeze(true);
    state_->start();
  }

  /// Sends a text on the current connection, or queues it for the next one: see outage_queue. Fails
  /// with invalid_utf8, send_budget_exceeded or closed. No error means that it is queued. What a
  /// broken connection had not yet delivered is lost; only the application can detect that.
  std::error_code send(std::string_view text) { return state_->send(text); }

  /// Sends a binary message.
  std::error_code send(binary_view binary) { return state_->send(binary); }

  /// Sends a message that was received.
  std::error_code send(message_view view) { return state_->send(view); }

  /// Sends a text. A long one is moved, not copied, if `outage_queue::most` is zero.
  template <std::same_as<std::string> Text>
  std::error_code send(Text&& text) {
    return state_->send(std::move(text));
  }

  /// Sends a binary message. A long one is moved, not copied, if `outage_queue::most` is zero.
  template <std::same_as<std::vector<std::byte>> Bytes>
  std::error_code send(Bytes&& binary) {
    return state_->send(std::move(binary));
  }

  /// Sends a message that many sessions share.
  std::error_code send(const prepared_message& prepared) { return state_->send(prepared); }

  /// Sends a ping with at most 125 bytes of payload. Fails with closed if there is no connection.
  std::error_code ping(binary_view payload = {}) { return session().ping(payload); }

  /// Closes the connection after the queued output, and does not connect again. Messages queued for a
  /// next connection are dropped. A code or a reason that must not be sent is refused: RFC 6455 §7.4.
  std::error_code close(std::optional<close_code> code = close_code::normal,
                        std::string_view reason = {}) {
    if (const auto error = check_close(code, reason, role::client); error != errc{}) return error;
    state_->close(code, std::string{reason});
    return {};
  }

  /// Ends everything at once, and drops what is queued.
  void stop() { state_->stop(); }

  /// The session of the current connection, or an empty one. If only the session is closed, the
  /// client connects again.
  hawser::session session() const { return state_->session(); }

  /// Where the handlers run. Must be called only while the context exists.
  executor_type get_executor() const { return state_->executor(); }

  /// The bytes that wait to be written, or for a connection.
  std::size_t buffered_bytes() const { return state_->buffered_bytes(); }

 private:
  template <class Hook>
  basic_client& set(Hook& place, Hook hook) {
    place = std::move(hook);
    return *this;
  }

  const std::shared_ptr<detail::client_state<Layer>> state_;
  std::atomic<bool> started_ = false;
};

/// Over TCP, for ws: URLs, and for wss: URLs if a unit of the program includes hawser/tls.hpp: see
/// default_layer. Otherwise a wss: URL fails with errc::unsupported_scheme.
using client = basic_client<default_layer>;

}  // namespace hawser
