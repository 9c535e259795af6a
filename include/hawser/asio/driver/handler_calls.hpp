// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/handler_scope.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/asio/session/session_state.hpp"

namespace hawser::detail {

/// Calls the handlers of one session, on the session's thread. Keeps the handlers until the session
/// has ended and none of them runs.
class handler_calls {
 public:
  explicit handler_calls(std::shared_ptr<const session_handlers> handlers) noexcept
      : handlers_{std::move(handlers)} {}

  /// Valid until end(), and while a handler runs.
  const session_handlers& handlers() const noexcept { return *handlers_; }

  /// Makes the handle that is passed to the handlers of `owner`. It keeps the session alive until end().
  void begin(session_state& owner) { keep_handle(owner); }

  /// Calls a handler of `owner`. If it throws, calls `fail()`, and passes the exception to on_error.
  template <class Fail, class Handler, class... Values>
  void call(session_state& owner, Fail fail, const Handler& handler, const Values&... values) {
    if constexpr (std::is_constructible_v<bool, const Handler&>) {
      if (!handler) return;
    }
    const running now{*this};
    const handler_scope mine{owner};
    try {
      handler(handle_, values...);
    } catch (...) {
      fail();
      keep_handle(owner);
      report_thrown(
          *handlers_, handle_,
          about(handle_, thrown_by(name_of(*handlers_, &handler), std::current_exception())));
    }
    keep_handle(owner);
  }

  /// Reports that a limit has ended the session of `owner`, or has dropped its first message. Returns false
  /// if the session has ended, also because the hook has destroyed its server.
  bool report_limit(session_state& owner, std::error_code ec) {
    if (ended_) return false;
    if (kind_of(ec) != incident_kind::budget_exceeded || !handlers_->diagnostics) return true;
    const running now{*this};
    const handler_scope mine{owner};
    handlers_->diagnostics->report(
        about(handle_, {.kind = incident_kind::budget_exceeded, .error = ec}));
    keep_handle(owner);
    return !ended_;
  }

  /// Sets the session's own function that is called after on_drained. May be empty.
  void set_drained(std::function<void()> hook) {
    on_drained_ = std::make_unique<std::function<void()>>(std::move(hook));
  }

  bool wants_drained() const noexcept { return on_drained_ || handlers_->on_drained; }

  /// Calls on_drained and the session's own function.
  template <class Fail>
  void call_drained(session_state& owner, Fail fail) {
    call(owner, fail, handlers_->on_drained);
    // A copy, because the hook may set another one.
    if (on_drained_)
      call(owner, fail, [copy = *on_drained_](session&) {
        if (copy) copy();
      });
  }

  /// The session has ended. Drops everything that may own it, the handlers only if none of them runs.
  void end() noexcept {
    ended_ = true;
    on_drained_.reset();
    handle_ = session{};
    if (running_ == 0) drop_handlers();
  }

 private:
  /// While one exists, a handler runs.
  class running {
   public:
    explicit running(handler_calls& calls) noexcept : calls_{calls} { ++calls_.running_; }
    ~running() {
      if (--calls_.running_ == 0 && calls_.ended_) calls_.drop_handlers();
    }
    running(const running&) = delete;
    running& operator=(const running&) = delete;

   private:
    handler_calls& calls_;
  };

  /// A handler may have moved from the handle.
  void keep_handle(session_state& owner) {
    if (!handle_ && !ended_) handle_ = session{owner.share()};
  }

  /// They may own a handle of this session, and a stored handle must not keep them.
  void drop_handlers() noexcept { const auto dropped = std::move(handlers_); }

  std::shared_ptr<const session_handlers> handlers_;
  std::unique_ptr<std::function<void()>> on_drained_;
  // Kept, because counting its references between threads is not cheap. While the session is open it
  // keeps the session alive, since a paused one has no other owner.
  session handle_;
  unsigned running_ = 0;  // the number of running handlers
  bool ended_ = false;
};

}  // namespace hawser::detail
