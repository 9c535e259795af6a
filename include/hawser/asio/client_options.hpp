// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/kept_messages.hpp"
#include "hawser/asio/session_handlers.hpp"
#include "hawser/asio/session_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/retry_after.hpp"
#include "hawser/transport/backoff.hpp"

namespace hawser {

/// Where a client connects to, and how it stays connected.
struct client_options {
  std::string url;

  /// When to connect again after a connection has ended or an attempt has failed. Nothing: never.
  std::optional<backoff> reconnect = backoff{};

  /// Whether to try again at all after `cause`, and perhaps the refusal of a server or a proxy. Empty:
  /// as is_worth_retrying() has it, and not when the server's certificate is not good, unless it is only
  /// not valid yet: the clock of this machine may be set later. If it throws, that is reported to on_error
  /// and the client gives up. It may stop or destroy the client.
  std::function<bool(std::error_code cause, const std::optional<response>& refusal)> retry = {};

  /// Called before each attempt, to renew a token among the headers for example. If it throws, that is
  /// reported to on_error and the attempt has failed: with the code of a std::system_error, otherwise
  /// with errc::aborted. It may stop or destroy the client.
  std::function<void(connect_options&)> prepare = {};

  outage_queue queue = {};
  send_budget budget = {};
  connect_options connect = {};
};

/// What happens to a client beside what happens on its sessions.
struct client_handlers : session_handlers {
  /// There is no connection, because of `cause`; the attempt of that number since the last healthy
  /// connection begins after `delay`.
  std::function<void(unsigned attempt, std::chrono::steady_clock::duration delay,
                     std::error_code cause)>
      on_reconnecting = {};
  /// The client gives up, because of `cause`; on_stopped follows.
  std::function<void(std::error_code cause, const std::optional<response>& refusal)> on_failed = {};
  /// Called exactly once for each start(), last of all: there is no connection, and will be none.
  std::function<void()> on_stopped = {};
};

/// Whether something that led to no connection may be otherwise next time: the network's errors and
/// time-outs, and answers that speak of a moment. Not what the server or the client would have to be
/// changed for: 401, 403 or 404, a wrong URL, an answer that is no WebSocket's.
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

/// How long the refusal asks to wait.
inline std::chrono::seconds wait_asked_by(const std::optional<response>& refusal,
                                          std::chrono::system_clock::time_point now) {
  const auto value = refusal ? refusal->header("Retry-After") : std::nullopt;
  return value ? decode_retry_after(*value, now).value_or(std::chrono::seconds{0})
               : std::chrono::seconds{0};
}

}  // namespace detail

}  // namespace hawser
