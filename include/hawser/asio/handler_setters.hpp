// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>

#include "hawser/asio/session.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser {

/// Sets the handlers of sessions: see session_handlers. A base of servers, their routes and clients. Each
/// function returns a `Result&`, where the handler was set, for the next call.
template <class Derived, class Result = Derived>
class handler_setters {
 public:
  Result& on_open(std::function<void(session&)> hook) {
    return set(&session_handlers::on_open, std::move(hook));
  }
  Result& on_message(std::function<void(session&, message_view)> hook) {
    return set(&session_handlers::on_message, std::move(hook));
  }
  Result& on_part(std::function<void(session&, const message_part&)> hook) {
    return set(&session_handlers::on_part, std::move(hook));
  }
  Result& on_ping(std::function<void(session&, const ping&)> hook) {
    return set(&session_handlers::on_ping, std::move(hook));
  }
  Result& on_pong(std::function<void(session&, const pong&)> hook) {
    return set(&session_handlers::on_pong, std::move(hook));
  }
  Result& on_drained(std::function<void(session&)> hook) {
    return set(&session_handlers::on_drained, std::move(hook));
  }
  Result& on_close(std::function<void(session&, const closed&)> hook) {
    return set(&session_handlers::on_close, std::move(hook));
  }
  Result& on_error(std::function<void(session&, std::exception_ptr)> hook) {
    return set(&session_handlers::on_error, std::move(hook));
  }

  /// Serves each session by a coroutine, `asio::awaitable<void>(session)`, on its thread, which gets
  /// the messages by receive(). When it ends, the session is closed; with 1011 if it ended by an
  /// exception, which is passed to on_error.
  template <class Coroutine>
  Result& on_session(Coroutine coroutine) {
    auto& target = this->target();
    // The coroutine uses the function's captures until it ends, which may be after its session.
    const auto body = std::make_shared<Coroutine>(std::move(coroutine));
    target.hooks().on_session = [body, report = target.error_reporter()](session served) {
      auto ended = [body, served, report](const std::exception_ptr& thrown) mutable {
        served.close(thrown ? close_code::internal_error : close_code::normal);
        if (thrown) report(served, thrown);
      };
      asio::co_spawn(served.get_executor(), (*body)(served), std::move(ended));
    };
    return target;
  }

 protected:
  handler_setters() = default;
  ~handler_setters() = default;

 private:
  Result& target() {
    auto& derived = static_cast<Derived&>(*this);
    if constexpr (std::is_same_v<Derived, Result>) {
      return derived;
    } else {
      return derived.fallback();
    }
  }

  template <class Hook>
  Result& set(Hook session_handlers::*which, Hook hook) {
    auto& target = this->target();
    target.hooks().*which = std::move(hook);
    return target;
  }
};

}  // namespace hawser
