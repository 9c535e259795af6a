// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/outage_queue.hpp"
#include "hawser/asio/proxy_finder.hpp"
#include "hawser/asio/send_budget.hpp"
#include "hawser/asio/session/kept_messages.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/retry_after.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/options.hpp"
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

  /// Called before each attempt, after `prepare`; returns the URL to use instead of `url`, for example with a
  /// new token in its query. For exceptions and for stopping the client, see `prepare`.
  handler_function<std::string()> make_url = {};

  /// How long to wait before attempt number `attempt`, instead of what `reconnect` says; a longer Retry-After
  /// still counts. `reconnect` still limits the number of attempts. A negative result is zero. An
  /// exception is reported to on_error, and `reconnect` decides. Must not end the client.
  handler_function<std::chrono::steady_clock::duration(unsigned attempt, std::error_code cause)>
      wait = {};

  outage_queue queue = {};
  send_budget budget = {};

  // The rest is what connect() has, too: connect_options describes it. Each attempt begins with a copy, which
  // `prepare` may change.
  default_client_policy handshake = {};
  uri::user_info credentials = uri::user_info::refuse;
  std::string cookie = {};
  unsigned max_redirects = 0;
  std::vector<std::string> safe_headers = {};
  std::string connect_to = {};
  proxy_finder proxy = {};
  head_limits limits = {};
  std::chrono::steady_clock::duration connect_timeout = std::chrono::seconds{10};
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};
  connection_options connection = {};
  any_negotiator extension = {};
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
inline bool is_worth_retrying(std::error_code cause,
                              const std::optional<response>& refusal) noexcept {
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

/// The options of a client's attempts, moved out of its options.
inline connect_options take_connect_options(client_options& from) {
  return {.handshake = std::move(from.handshake),
          .credentials = from.credentials,
          .cookie = std::move(from.cookie),
          .max_redirects = from.max_redirects,
          .safe_headers = std::move(from.safe_headers),
          .connect_to = std::move(from.connect_to),
          .proxy = std::move(from.proxy),
          .limits = from.limits,
          .connect_timeout = from.connect_timeout,
          .handshake_timeout = from.handshake_timeout,
          .connection = from.connection,
          .extension = std::move(from.extension)};
}

/// The waiting time that the refusal asks for.
inline std::chrono::seconds wait_asked_by(const std::optional<response>& refusal,
                                          std::chrono::system_clock::time_point now) {
  const auto value = refusal ? refusal->header("Retry-After") : std::nullopt;
  return value ? decode_retry_after(*value, now).value_or(std::chrono::seconds{0})
               : std::chrono::seconds{0};
}

}  // namespace detail

}  // namespace hawser
