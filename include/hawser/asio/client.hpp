// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "hawser/asio/client_opening.hpp"
#include "hawser/asio/client_options.hpp"
#include "hawser/asio/client_state.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser {

/// A client that stays connected: when its connection ends or does not come about, it waits as
/// `client_options::reconnect` has it and connects again, until close() or stop(), or until there is no
/// hope (see is_worth_retrying()).
///
/// Set the handlers, then start(). They are called one at a time, on the threads that run the context,
/// of which there may be any number. on_close is called once for each on_open, before the next
/// on_reconnecting; on_stopped is the last call of all.
///
/// send(), ping(), close(), stop() and session() may be called from any thread.
template <class Layer>
class basic_client {
 public:
  /// The client may outlive the context; from then on it is closed, and calls no handler.
  basic_client(asio::io_context& context, client_options options, Layer layer = {})
      : state_{std::make_shared<detail::client_state<Layer>>(context, std::move(options),
                                                             std::move(layer))} {}

  /// Ends everything at once, and calls no handler any more. Only where none can be running meanwhile:
  /// in a handler, or on the only thread that runs the context, or when there is none.
  ~basic_client() { state_->abandon(); }
  basic_client(const basic_client&) = delete;
  basic_client& operator=(const basic_client&) = delete;

  basic_client& on_open(std::function<void(hawser::session&)> hook) {
    return set(state_->hooks().on_open, std::move(hook));
  }
  basic_client& on_message(std::function<void(hawser::session&, message_view)> hook) {
    return set(state_->hooks().on_message, std::move(hook));
  }
  basic_client& on_part(std::function<void(hawser::session&, const message_part&)> hook) {
    return set(state_->hooks().on_part, std::move(hook));
  }
  basic_client& on_ping(std::function<void(hawser::session&, const hawser::ping&)> hook) {
    return set(state_->hooks().on_ping, std::move(hook));
  }
  basic_client& on_pong(std::function<void(hawser::session&, const pong&)> hook) {
    return set(state_->hooks().on_pong, std::move(hook));
  }
  /// Serves each session by a coroutine, `asio::awaitable<void>(session)`, which gets the messages by
  /// receive(). When it ends, the session is closed, with 1011 if by an exception.
  template <class Coroutine>
  basic_client& on_session(Coroutine coroutine) {
    // A coroutine uses what its function captures until it ends, which may be after its session.
    const auto body = std::make_shared<Coroutine>(std::move(coroutine));
    state_->hooks().on_session = [body, weak = std::weak_ptr{state_}](hawser::session served) {
      auto ended = [body, served, weak](std::exception_ptr thrown) mutable {
        served.close(thrown ? close_code::internal_error : close_code::normal);
        const auto state = weak.lock();
        if (thrown && state) state->report(served, thrown);
      };
      asio::co_spawn(served.get_executor(), (*body)(served), std::move(ended));
    };
    return *this;
  }
  basic_client& on_drained(std::function<void(hawser::session&)> hook) {
    return set(state_->hooks().on_drained, std::move(hook));
  }
  basic_client& on_close(std::function<void(hawser::session&, const closed&)> hook) {
    return set(state_->hooks().on_close, std::move(hook));
  }
  basic_client& on_error(std::function<void(hawser::session&, std::exception_ptr)> hook) {
    return set(state_->hooks().on_error, std::move(hook));
  }
  /// See client_handlers, as for the two that follow.
  basic_client& on_reconnecting(
      std::function<void(unsigned, std::chrono::steady_clock::duration, std::error_code)> hook) {
    return set(state_->hooks().on_reconnecting, std::move(hook));
  }
  basic_client& on_failed(
      std::function<void(std::error_code, const std::optional<response>&)> hook) {
    return set(state_->hooks().on_failed, std::move(hook));
  }
  basic_client& on_stopped(std::function<void()> hook) {
    return set(state_->hooks().on_stopped, std::move(hook));
  }

  /// Begins to connect, once for each client. Returns at once.
  void start() { state_->start(); }

  /// Sends text on the present connection, or keeps it for the next one: see outage_queue. Fails with
  /// invalid_utf8, send_budget_exceeded or closed. No error means that it is queued: what a connection
  /// had not yet delivered when it broke is lost, and only the application can know.
  std::error_code send(std::string_view text) { return state_->send(text); }

  /// Sends octets.
  std::error_code send(bytes_view binary) { return state_->send(binary); }

  /// Sends a message that was received.
  std::error_code send(message_view view) { return state_->send(view); }

  /// Sends text, without copying a long one if nothing is ever kept.
  template <std::same_as<std::string> Text>
  std::error_code send(Text&& text) {
    return state_->send(std::move(text));
  }

  /// Sends octets, without copying many if nothing is ever kept.
  template <std::same_as<std::vector<std::byte>> Bytes>
  std::error_code send(Bytes&& binary) {
    return state_->send(std::move(binary));
  }

  /// Sends a message that many sessions share.
  std::error_code send(const prepared_message& prepared) { return state_->send(prepared); }

  /// Sends a ping of at most 125 octets. Fails with closed if there is no connection.
  std::error_code ping(bytes_view payload = {}) { return session().ping(payload); }

  /// Closes the connection after what is queued, and connects no more. What waits for a connection is
  /// dropped. Codes and reasons that must not be sent are refused: RFC 6455 §7.4.
  std::error_code close(std::optional<close_code> code = close_code::normal,
                        std::string_view reason = {}) {
    if (const auto error = check_close(code, reason, role::client); error != errc{}) return error;
    state_->close(code, std::string{reason});
    return {};
  }

  /// Ends everything at once, whatever is queued or under way.
  void stop() { state_->stop(); }

  /// The present connection, or none. Closing only that makes the client connect anew.
  hawser::session session() const { return state_->session(); }

  /// Octets that wait to be written, or for a connection.
  std::size_t buffered_bytes() const { return state_->buffered_bytes(); }

 private:
  template <class Hook>
  basic_client& set(Hook& place, Hook hook) {
    place = std::move(hook);
    return *this;
  }

  const std::shared_ptr<detail::client_state<Layer>> state_;
};

/// Over TCP, for ws: URLs.
using client = basic_client<ws_layer>;

}  // namespace hawser
