// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <string_view>
#include <utility>

#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser {

/// The handlers of a session, called on its own thread, one at a time. Views are valid until the
/// function returns. An exception closes the session with 1011 and is passed to on_error. Only one of
/// on_message, on_part and on_session may be set, because only one of them gets the messages.
struct session_handlers {
  handler_function<void(session&)> on_open = {};
  handler_function<void(session&, message_view)> on_message = {};
  /// If set, messages are reported in parts as they arrive, instead of by on_message.
  handler_function<void(session&, const message_part&)> on_part = {};
  handler_function<void(session&, const ping&)> on_ping = {};
  handler_function<void(session&, const pong&)> on_pong = {};
  /// If set, starts a coroutine for each session, which receives the messages instead of on_message.
  handler_function<void(session)> on_session = {};
  /// The queued output has fallen to half of send_budget::high: see session::on_drained(), whose
  /// function is called after this.
  handler_function<void(session&)> on_drained = {};
  /// Called exactly once for each on_open, as the last handler.
  handler_function<void(session&, const closed&)> on_close = {};
  /// Reports an exception of a handler. An exception of its own goes to on_diagnostic.
  handler_function<void(session&, std::exception_ptr)> on_error = {};

  /// Set by the server or the client of the session.
  std::shared_ptr<const detail::diagnostics> diagnostics = {};

  /// How many functions are set of those that get the messages.
  int receivers() const noexcept {
    return (on_message ? 1 : 0) + (on_part ? 1 : 0) + (on_session ? 1 : 0);
  }

  /// Whether a function other than on_error is set.
  bool serve_sessions() const noexcept {
    return on_open || on_message || on_part || on_ping || on_pong || on_session || on_drained ||
           on_close;
  }
};

namespace detail {

/// The name of one of the handlers, by its address; empty for others.
inline std::string_view name_of(const session_handlers& all, const void* handler) noexcept {
  const std::pair<const void*, std::string_view> names[] = {
      {&all.on_open, "on_open"},       {&all.on_message, "on_message"},
      {&all.on_part, "on_part"},       {&all.on_ping, "on_ping"},
      {&all.on_pong, "on_pong"},       {&all.on_session, "on_session"},
      {&all.on_drained, "on_drained"}, {&all.on_close, "on_close"}};
  for (const auto& [address, name] : names) {
    if (address == handler) return name;
  }
  return {};
}

/// The same incident with the address and the request of its session, if that exists.
inline incident about(const session& of, incident what) noexcept {
  if (!of) return what;
  what.remote_address = of.remote_address();
  what.method = of.request().method();
  what.target = of.request().target();
  return what;
}

/// Passes an exception of a handler to on_error, and reports it.
inline void report_thrown(const session_handlers& to, session& of, const incident& what) {
  const auto diagnostics = to.diagnostics;  // on_error may destroy the handlers
  auto passed = passed_on::no;
  if (to.on_error) {
    passed = call_on_error(diagnostics.get(), [&] { to.on_error(of, what.exception); });
  }
  if (diagnostics) diagnostics->threw(what, passed);
}

}  // namespace detail

}  // namespace hawser
