// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <functional>

#include "hawser/asio/session.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser {

/// What happens on a session, as functions to be called on its own thread, one at a time. Views are
/// valid until the function returns. An exception closes the session with 1011 and goes to on_error.
struct session_handlers {
  std::function<void(session&)> on_open = {};
  std::function<void(session&, message_view)> on_message = {};
  /// If set, messages are handed over in parts as they arrive, and not to on_message.
  std::function<void(session&, const message_part&)> on_part = {};
  std::function<void(session&, const ping&)> on_ping = {};
  std::function<void(session&, const pong&)> on_pong = {};
  /// If set, starts a coroutine for each session, which receives the messages instead of on_message.
  std::function<void(session)> on_session = {};
  /// There is room again, as session::on_drained() has it, whose hook is called after this.
  std::function<void(session&)> on_drained = {};
  /// Called exactly once for each on_open, last.
  std::function<void(session&, const closed&)> on_close = {};
  /// What a handler threw. Must not throw itself.
  std::function<void(session&, std::exception_ptr)> on_error = {};
};

}  // namespace hawser
