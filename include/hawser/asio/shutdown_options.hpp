// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// How a server ends: shutdown() of server and of threaded_server.
struct shutdown_options {
  /// The Close frame that all connections get. A code or a reason that must not be sent is refused: RFC 6455
  /// §7.4. close_code::service_restart asks clients to connect again.
  close_code code = close_code::going_away;
  std::string_view reason = {};  ///< Copied by the call that gets these options

  /// How long the connections continue before they are closed, so that handlers and coroutines can send what
  /// they have begun. New clients and unfinished handshakes get 503 in the meantime. Zero: they are closed
  /// at once.
  std::chrono::steady_clock::duration drain = {};

  /// How long the closing handshakes may take. What is not closed by then is ended. Zero: all is ended at
  /// once.
  std::chrono::steady_clock::duration grace = std::chrono::seconds{5};
};

namespace detail {

/// The Close frame of a server that shuts down.
struct farewell {
  close_code code = close_code::going_away;
  std::string reason = {};
};

/// A copy of shutdown_options.
struct shutdown_plan {
  explicit shutdown_plan(const shutdown_options& options)
      : last{options.code, std::string{options.reason}},
        drain{options.drain},
        grace{options.grace} {}

  farewell last;
  std::chrono::steady_clock::duration drain;
  std::chrono::steady_clock::duration grace;
};

/// Throws std::system_error if the Close frame must not be sent: RFC 6455 §7.4.
inline shutdown_plan checked_plan(const shutdown_options& options) {
  const auto error = check_close(options.code, options.reason, role::server);
  if (error != errc{}) throw std::system_error{error, "hawser: shutdown"};
  return shutdown_plan{options};
}

}  // namespace detail

}  // namespace hawser
