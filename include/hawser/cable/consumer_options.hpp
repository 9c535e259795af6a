// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hawser/asio/client_options.hpp"
#include "hawser/asio/connect_error.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/presence_event.hpp"

namespace hawser::cable {

/// Where a consumer connects to, and its limits.
struct consumer_options {
  /// The connection. `url` may begin with http: or https:, which mean ws: and wss:. `prepare` and `make_url` may
  /// renew a token before each attempt. If `handshake.origin` is empty, it becomes the origin of the URL,
  /// because servers of Action Cable refuse requests without one. `handshake.subprotocols` are offered
  /// after those of Action Cable. If `wait` is empty, the waits are those of the npm client, except that the first
  /// attempt after a connection of 10 s, or after the server has asked to reconnect, is made at once.
  client_options client = {};

  /// Offers AnyCable's `actioncable-v1-ext-json` before Rails' `actioncable-v1-json`; the server chooses. With it, the
  /// consumer continues its session and receives what it has missed, as far as the server has kept it; the handlers
  /// get that before on_connected. It also answers each ping. False: only Rails' protocol is offered.
  bool extended = true;

  /// The time without any message after which a connection has failed: servers ping every 3 s. Zero: never.
  std::chrono::steady_clock::duration stale_after = std::chrono::seconds{6};

  /// How often the same subscribe is sent on one connection, if the server does not answer it: after 0.5, 1, 2,
  /// 4, 5, 5 … s. Then the subscription is rejected with errc::unconfirmed. Zero: no limit.
  unsigned max_subscribes = 12;

  /// The memory for calls of perform() of all subscriptions that are not connected, in bytes of their texts.
  /// They are sent when the subscription is connected. Zero: perform() then fails with errc::not_connected.
  std::size_t max_queued = 64 * 1024;

  /// How many messages wait for receive(), of all subscriptions together, before the consumer stops reading from
  /// the connection. At least 1.
  std::size_t max_unread = 1000;

  /// Of each message of the server.
  json_limits limits = {.max_bytes = 16 * 1024 * 1024, .max_depth = 100};
};

/// What on_connected gets.
struct connected_info {
  bool reconnected = false;  ///< The subscription was connected before, on another connection

  /// Messages may have been missed since then: the protocol is Rails', or the server has not kept them all, or has not
  /// answered for 10 s. False: on_received has got all messages of the streams with history.
  bool gap = false;
};

/// What on_disconnected gets.
struct disconnected_info {
  bool will_reconnect = false;  ///< The consumer connects again by itself
  std::error_code cause;        ///< Of this end, for example errc::stale or errc::disconnected
};

/// The handlers of one subscription. Called one at a time with those of all subscriptions of the consumer, on
/// consumer::get_executor(), and not after unsubscribe() has returned there.
struct subscription_handlers {
  /// The subscription exists; it is the first call.
  handler_function<void()> on_initialized = {};
  /// The server has confirmed the subscription; calls of perform() that were queued are sent.
  handler_function<void(const connected_info&)> on_connected = {};
  /// The connection has ended, or the consumer has given up. Not called again with the same `will_reconnect`
  /// before the consumer has been connected.
  handler_function<void(const disconnected_info&)> on_disconnected = {};
  /// The last call: errc::rejected, or errc::unconfirmed if the server did not answer.
  handler_function<void(std::error_code)> on_rejected = {};
  /// A message of the subscription. Empty: messages wait for subscription::receive().
  handler_function<void(const json&)> on_received = {};
  /// Ids have joined or left the stream, or an answer to subscription::join() or request_presence(). Only with the
  /// extended protocol.
  handler_function<void(const presence_event&)> on_presence = {};
};

/// The handlers of a consumer. Called as those of its subscriptions.
struct consumer_handlers {
  /// The server has accepted the connection.
  handler_function<void()> on_welcome = {};
  /// See client_handlers.
  handler_function<void(unsigned attempt, std::chrono::steady_clock::duration delay,
                        std::error_code cause)>
      on_reconnecting = {};
  /// The consumer has given up: the connection cannot be made, and attempts would not help. on_stopped follows.
  handler_function<void(const connect_error&)> on_failed = {};
  /// There is no connection and there will be none before connect(). `cause` is none after disconnect().
  handler_function<void(std::error_code cause)> on_stopped = {};
  /// A message that is none of Action Cable, which is ignored: errc::not_json or errc::binary_message. The text
  /// is valid during the call.
  handler_function<void(std::error_code, std::string_view text)> on_bad_message = {};
  /// An exception of a handler of the consumer or of a subscription. Empty: it is dropped.
  handler_function<void(std::exception_ptr)> on_error = {};
};

}  // namespace hawser::cable
