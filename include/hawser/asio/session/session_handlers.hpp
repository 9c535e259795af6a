// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <functional>

#include "hawser/asio/session.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser {

/// The handlers of a session, called on its own thread, one at a time. Views are valid until the
/// function returns. An exception closes the session with 1011 and is passed to on_error.
struct session_handlers {
  std::function<void(session&)> on_open = {};
  std::function<void(session&, message_view)> on_message = {};
  /// If set, messages are reported in parts as they arrive, instead of by on_message.
  std::function<void(session&, const message_part&)> on_part = {};
  std::function<void(session&, const ping&)> on_ping = {};
  std::function<void(session&, const pong&)> on_pong = {};
  /// If set, starts a coroutine for each session, which receives the messages instead of on_message.
  std::function<void(session)> on_session = {};
  /// The queued output has fallen to half of send_budget::high: see session::on_drained(), whose
  /// function is called after this.
  std::function<void(session&)> on_drained = {};
  /// Called exactly once for each on_open, as the last handler.
  std::function<void(session&, const closed&)> on_close = {};
  /// Reports an exception of a handler. Must not throw.
  std::function<void(session&, std::exception_ptr)> on_error = {};

  /// Whether a function other than on_error is set.
  bool serve_sessions() const noexcept {
    return on_open || on_message || on_part || on_ping || on_pong || on_session || on_drained ||
           on_close;
  }
};

}  // namespace hawser
