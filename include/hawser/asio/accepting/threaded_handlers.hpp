// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <exception>
#include <type_traits>
#include <utility>

#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/session/handler_from.hpp"
#include "hawser/asio/threaded_upgrade.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/handshake/request.hpp"

namespace hawser {

namespace detail {

/// Whether `Handler` may serve the connections of a threaded server. A result would be ignored.
template <class Handler, class Peer>
constexpr bool serves() {
  if constexpr (std::is_invocable_v<Handler&, Peer&, const request&>) {
    return std::is_void_v<std::invoke_result_t<Handler&, Peer&, const request&>>;
  } else if constexpr (std::is_invocable_v<Handler&, Peer&>) {
    return std::is_void_v<std::invoke_result_t<Handler&, Peer&>>;
  } else {
    return false;
  }
}

}  // namespace detail

/// Sets the hooks of a threaded server: its base. Each function throws std::invalid_argument if the hook is
/// an empty function, and std::logic_error if the hook was set before, or once run() was called.
class threaded_handlers : public diagnosed {
 public:
  /// Calls `hook(upgrade&)` for each valid upgrade request, on its connection's thread. The hook
  /// must call accept() or reject(). If it does neither, or throws, the client gets 500 and
  /// on_error is called, in the first case with errc::upgrade_unanswered. Without a hook, the
  /// options decide.
  template <class Handler>
  void on_upgrade(Handler hook) {
    static_assert(detail::handler_fits<Handler, void(threaded_upgrade&)>,
                  "on_upgrade wants void(threaded_upgrade&), no coroutine");
    set(on_upgrade_, "on_upgrade()", std::move(hook));
  }

  /// Calls `hook` once, on the thread of run(), when a shutdown begins: new clients are refused from here on,
  /// and no Close frame has been sent yet, so that the hook may send a last message. An exception is passed
  /// to on_error.
  template <class Handler>
  void on_shutdown(Handler hook) {
    static_assert(detail::handler_fits<Handler, void()>, "on_shutdown wants void(), no coroutine");
    set(on_shutdown_, "on_shutdown()", std::move(hook));
  }

  /// Calls `hook` with the errors of connections: an exception of the handler, or a
  /// std::system_error of a handshake or of accepting. Called on any thread. An exception of
  /// its own goes to on_diagnostic.
  template <class Handler>
  void on_error(Handler hook) {
    static_assert(detail::handler_fits<Handler, void(std::exception_ptr)>,
                  "on_error wants void(std::exception_ptr), no coroutine");
    set(on_error_, "on_error()", std::move(hook));
  }

 protected:
  threaded_handlers() = default;
  ~threaded_handlers() = default;

  /// From now on other threads may read the hooks.
  void freeze() noexcept {
    frozen_ = true;
    diagnostics()->freeze(true);
  }

  const handler_function<void(threaded_upgrade&)>& upgrade_hook() const noexcept {
    return on_upgrade_;
  }

  detail::passed_on has_on_error() const noexcept {
    return on_error_ ? detail::passed_on::yes : detail::passed_on::no;
  }

  void call_shutdown_hook() const {
    try {
      if (on_shutdown_) on_shutdown_();
    } catch (...) {
      const auto thrown = std::current_exception();
      diagnostics()->threw(detail::thrown_by("on_shutdown", thrown), report(thrown));
    }
  }

  /// Passes the error of a connection to on_error. An exception of that goes to on_diagnostic.
  detail::passed_on report(const std::exception_ptr& thrown) const {
    if (!on_error_) return detail::passed_on::no;
    return detail::call_on_error(diagnostics().get(), [&] { on_error_(thrown); });
  }

 private:
  template <class Signature, class Handler>
  void set(handler_function<Signature>& place, const char* setter, Handler hook) {
    detail::check_not_running(frozen_, setter);
    detail::set_once(place, detail::handler_from<Signature>(std::move(hook), setter), setter);
  }

  handler_function<void(threaded_upgrade&)> on_upgrade_;
  handler_function<void()> on_shutdown_;
  handler_function<void(std::exception_ptr)> on_error_;
  std::atomic<bool> frozen_ = false;
};

}  // namespace hawser
