// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "hawser/frame/close_code.hpp"

namespace hawser {

/// How a server ends: server::shutdown().
struct shutdown_options {
  /// The Close frame that all sessions get. A code or a reason that must not be sent is refused: RFC 6455
  /// §7.4. close_code::service_restart asks clients to connect again.
  close_code code = close_code::going_away;
  std::string_view reason = {};  ///< Copied by the call that gets these options

  /// How long the sessions continue before they are closed, so that handlers and coroutines can send what
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

}  // namespace detail

}  // namespace hawser
