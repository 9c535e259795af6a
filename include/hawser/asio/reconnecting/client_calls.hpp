// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "hawser/asio/client_options.hpp"
#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser::detail {

/// Calls the handlers of a client, on its strand, until abandon(). An exception is passed to on_error.
class client_calls {
 public:
  /// Must be set before the first call.
  client_handlers& hooks() noexcept { return hooks_; }

  /// Calls no handler from now on. May be called on any thread.
  void abandon() noexcept { abandoned_ = true; }

  /// Returns the handlers, which may own anything, and calls none from now on.
  client_handlers take() { return std::exchange(hooks_, {}); }

  /// Reports an exception of an application's function. `of` may be an empty session.
  void report(session& of, const incident& what) {
    if (!abandoned_) report_thrown(hooks_, of, what);
  }

  /// The same for a function that decides about an attempt: see client_options. Returns the error
  /// with which the attempt ends.
  std::error_code report(const char* function, const std::exception_ptr& thrown) {
    session none;
    report(none, thrown_by(function, thrown));
    return error_of(thrown);
  }

  /// Calls the handler of this name.
  template <class Hook, class... Values>
  void call(const char* name, const Hook& hook, const Values&... values) {
    if (!hook || abandoned_) return;
    try {
      hook(values...);
    } catch (...) {
      session none;
      report(none, thrown_by(name, std::current_exception()));
    }
  }

  /// Calls the last handler, of those that take() has returned.
  void call_last(const client_handlers& taken) {
    if (!taken.on_stopped || abandoned_) return;
    try {
      taken.on_stopped();
    } catch (...) {
      session none;
      if (!abandoned_)
        report_thrown(taken, none, thrown_by("on_stopped", std::current_exception()));
    }
  }

  /// Calls a handler of a session.
  template <class Hook, class... Values>
  void call_for(const char* name, session& open, const Hook& hook, const Values&... values) {
    if (!hook || abandoned_) return;
    try {
      hook(open, values...);
    } catch (...) {
      report(open, about(open, thrown_by(name, std::current_exception())));
    }
  }

  /// Calls a handler, and leaves exceptions to the session.
  template <class Hook>
  void call_unguarded(session& open, const Hook& hook) {
    if (hook && !abandoned_) hook(open);
  }

  /// Handlers for a session that call those of `calls`, with all except on_open, on_drained and on_close.
  static session_handlers for_session(const std::shared_ptr<client_calls>& calls) {
    const auto& hooks = calls->hooks_;
    session_handlers made;
    made.on_message = unless_abandoned(calls, hooks.on_message);
    made.on_part = unless_abandoned(calls, hooks.on_part);
    made.on_ping = unless_abandoned(calls, hooks.on_ping);
    made.on_pong = unless_abandoned(calls, hooks.on_pong);
    made.on_session = unless_abandoned(calls, hooks.on_session);
    made.on_error = unless_abandoned(calls, hooks.on_error);
    made.diagnostics = hooks.diagnostics;
    return made;
  }

 private:
  template <class... Values>
  static std::function<void(Values...)> unless_abandoned(
      const std::shared_ptr<client_calls>& calls, const std::function<void(Values...)>& hook) {
    if (!hook) return {};
    return [calls, hook](Values... values) {
      if (!calls->abandoned_) hook(std::forward<Values>(values)...);
    };
  }

  client_handlers hooks_;
  std::atomic<bool> abandoned_ = false;
};

}  // namespace hawser::detail
