// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <system_error>

#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/session/kept_messages.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/retry_after.hpp"
#include "hawser/transport/backoff.hpp"

namespace hawser {

/// Where a client connects to, and how it stays connected.
struct client_options {
  std::string url;

  /// When to connect again after a connection has ended or an attempt has failed. Not set: never.
  std::optional<backoff> reconnect = backoff{};

  /// Whether to try again after `cause`, and a refusal of the server or of a proxy, if any. Empty:
  /// as is_worth_retrying() says, and not if the server's certificate is not valid, unless it is
  /// only not yet valid, since the clock of this machine may be corrected. An exception is reported
  /// to on_error, and the client gives up. The function may stop or destroy the client.
  handler_function<bool(std::error_code cause, const std::optional<response>& refusal)> retry = {};

  /// Called before each attempt, for example to renew a token among the headers. An exception is
  /// reported to on_error, and the attempt fails: with the code of a std::system_error, otherwise
  /// with errc::aborted. The function may stop or destroy the client.
  handler_function<void(connect_options&)> prepare = {};

  outage_queue queue = {};
  send_budget budget = {};
  connect_options connect = {};
};

/// The handlers of a client, in addition to those of its sessions.
struct client_handlers : session_handlers {
  /// There is no connection, because of `cause`. Attempt number `attempt` since the last healthy
  /// connection begins after `delay`.
  handler_function<void(unsigned attempt, std::chrono::steady_clock::duration delay,
                        std::error_code cause)>
      on_reconnecting = {};
  /// The client gives up, because of `cause`. on_stopped follows.
  handler_function<void(std::error_code cause, const std::optional<response>& refusal)> on_failed =
      {};
  /// Called exactly once per start(), as the last handler: there is no connection, and there will be none.
  handler_function<void()> on_stopped = {};
};

/// Whether another attempt may succeed: true for network errors, timeouts, and responses for a
/// temporary condition. False if the server or the client must be changed: 401, 403 or 404, a
/// malformed URL, a response that is not a WebSocket's.
inline bool is_worth_retrying(std::error_code cause, const std::optional<response>& refusal) {
  if (refusal) {
    const auto status = refusal->status;
    return status == 408 || status == 425 || status == 429 ||
           (status >= 500 && status != 501 && status != 505);
  }
  if (cause != condition::handshake_rejected) return true;
  return cause == errc::truncated_handshake || cause == errc::handshake_timeout ||
         cause == errc::proxy_refused || cause == errc::proxy_unreachable;
}

namespace detail {

/// The waiting time that the refusal asks for.
inline std::chrono::seconds wait_asked_by(const std::optional<response>& refusal,
                                          std::chrono::system_clock::time_point now) {
  const auto value = refusal ? refusal->header("Retry-After") : std::nullopt;
  return value ? decode_retry_after(*value, now).value_or(std::chrono::seconds{0})
               : std::chrono::seconds{0};
}

}  // namespace detail

}  // namespace hawser
