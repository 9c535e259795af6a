// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>

#include "hawser/asio/session.hpp"
#include "hawser/asio/session/handler_from.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser {

/// Sets the handlers of sessions: see session_handlers. A base of servers, their routes and clients. Each
/// function returns a `Result&`, where the handler was set, for the next call. A handler must be copyable and
/// have exactly the result of the handler's type in session_handlers. Each function throws
/// std::invalid_argument if the handler is an empty function, and std::logic_error once the server or the
/// client has started, or if one of on_message, on_part and on_session is set beside another one.
template <class Derived, class Result = Derived>
class handler_setters {
 public:
  template <class Handler>
  Result& on_open(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(session&)>,
                  "on_open wants void(session&); for coroutines use on_session");
    return set(&session_handlers::on_open,
               detail::handler_from<void(session&)>(std::move(handler), "on_open()"));
  }
  template <class Handler>
  Result& on_message(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(session&, message_view)>,
                  "on_message wants void(session&, message_view); for coroutines use on_session");
    return set(&session_handlers::on_message, detail::handler_from<void(session&, message_view)>(
                                                  std::move(handler), "on_message()"));
  }
  template <class Handler>
  Result& on_part(Handler handler) {
    static_assert(
        detail::handler_fits<Handler, void(session&, const message_part&)>,
        "on_part wants void(session&, const message_part&); for coroutines use on_session");
    return set(
        &session_handlers::on_part,
        detail::handler_from<void(session&, const message_part&)>(std::move(handler), "on_part()"));
  }
  template <class Handler>
  Result& on_ping(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(session&, const ping&)>,
                  "on_ping wants void(session&, const ping&), no coroutine");
    return set(&session_handlers::on_ping,
               detail::handler_from<void(session&, const ping&)>(std::move(handler), "on_ping()"));
  }
  template <class Handler>
  Result& on_pong(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(session&, const pong&)>,
                  "on_pong wants void(session&, const pong&), no coroutine");
    return set(&session_handlers::on_pong,
               detail::handler_from<void(session&, const pong&)>(std::move(handler), "on_pong()"));
  }
  template <class Handler>
  Result& on_drained(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(session&)>,
                  "on_drained wants void(session&); in coroutines use session::drained()");
    return set(&session_handlers::on_drained,
               detail::handler_from<void(session&)>(std::move(handler), "on_drained()"));
  }
  template <class Handler>
  Result& on_close(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(session&, const closed&)>,
                  "on_close wants void(session&, const closed&), no coroutine");
    return set(&session_handlers::on_close, detail::handler_from<void(session&, const closed&)>(
                                                std::move(handler), "on_close()"));
  }
  template <class Handler>
  Result& on_error(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(session&, std::exception_ptr)>,
                  "on_error wants void(session&, std::exception_ptr), no coroutine");
    return set(
        &session_handlers::on_error,
        detail::handler_from<void(session&, std::exception_ptr)>(std::move(handler), "on_error()"));
  }
  /// Serves each session by a coroutine, `asio::awaitable<void>(session)`, on its thread, which gets
  /// the messages by receive(). When it ends, the session is closed; with 1011 if it ended by an
  /// exception, which is passed to on_error. A reference to the session is valid until the end of the
  /// coroutine.
  template <class Coroutine>
  Result& on_session(Coroutine coroutine) {
    static_assert(detail::handler_fits<Coroutine, awaited(session&)>,
                  "on_session wants asio::awaitable<void>(session), a coroutine");
    return serve(detail::handler_from<awaited(session&)>(std::move(coroutine), "on_session()"));
  }

 protected:
  handler_setters() = default;
  ~handler_setters() = default;

 private:
  using awaited = asio::awaitable<void>;

  Result& target() {
    auto& derived = static_cast<Derived&>(*this);
    if constexpr (std::is_same_v<Derived, Result>) {
      return derived;
    } else {
      return derived.fallback();
    }
  }

  Result& serve(handler_function<awaited(session&)> coroutine) {
    auto& target = this->target();
    // A coroutine uses the function's captures until it ends, which may be after its session.
    const auto body =
        std::make_shared<const handler_function<awaited(session&)>>(std::move(coroutine));
    auto start = [body, report = target.error_reporter()](session served) {
      auto ended = [served, report](const std::exception_ptr& thrown) mutable {
        served.close(thrown ? close_code::internal_error : close_code::normal);
        if (thrown) report(served, detail::about(served, detail::thrown_by("on_session", thrown)));
      };
      // co_spawn() keeps this function, and so what the coroutine's references refer to.
      auto run = [body, served]() mutable { return (*body)(served); };
      asio::co_spawn(served.get_executor(), std::move(run), std::move(ended));
    };
    return set(&session_handlers::on_session, {std::move(start)});
  }

  template <class Hook>
  Result& set(Hook session_handlers::*which, std::type_identity_t<Hook> hook) {
    auto& target = this->target();
    auto& hooks = target.hooks();
    std::swap(hooks.*which, hook);
    if (hooks.receivers() > 1) {
      std::swap(hooks.*which, hook);
      throw std::logic_error{
          "hawser: only one of on_message(), on_part() and on_session() gets the messages"};
    }
    return target;
  }
};

}  // namespace hawser
