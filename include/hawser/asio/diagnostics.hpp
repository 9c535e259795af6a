// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/session/handler_from.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/handler_function.hpp"

namespace hawser {

namespace detail {

/// Whether the application gets an exception in another way than by on_diagnostic.
enum class passed_on : std::uint8_t { no, yes };

/// Where a server or a client, and all their connections, report incidents. Without a hook, nothing is
/// reported except the first exception that the application does not get: it is written to stderr.
class diagnostics {
 public:
  using hook = handler_function<void(const incident&)>;

  void set(hook given) {
    check_not_running(frozen_, "on_diagnostic()");
    hook_ = std::move(given);
  }

  /// While `frozen`, other threads may report.
  void freeze(bool frozen) noexcept { frozen_ = frozen; }

  /// Nothing is reported from now on.
  void end() noexcept { ended_ = true; }

  /// Whether there is a hook.
  bool is_wanted() const noexcept { return hook_ != nullptr; }

  /// May be called on any thread, and without a hook costs nothing. Do not hold a lock.
  void report(const incident& what) const noexcept { call(what); }

  /// Reports an exception of the application.
  void threw(const incident& what, passed_on to_application) const noexcept {
    if (!call(what) && to_application == passed_on::no && !ended_) write_once(what);
  }

 private:
  bool call(const incident& what) const noexcept {
    if (!hook_ || ended_) return false;
    try {
      hook_(what);
    } catch (...) {
      write_once({.kind = incident_kind::handler_threw,
                  .subject = "on_diagnostic",
                  .exception = std::current_exception()});
    }
    return true;
  }

  void write_once(const incident& what) const noexcept {
    if (has_written_.exchange(true)) return;
    try {
      const auto line =
          "hawser: " + what.describe() + "; no more is written, see on_diagnostic()\n";
      std::fputs(line.c_str(), stderr);
    } catch (...) {
      std::fputs("hawser: handler threw\n", stderr);  // there is no memory for the text
    }
  }

  hook hook_;
  std::atomic<bool> frozen_ = false;
  std::atomic<bool> ended_ = false;
  mutable std::atomic<bool> has_written_ = false;
};

/// The incident of an exception of a handler.
inline incident thrown_by(std::string_view handler, std::exception_ptr thrown) noexcept {
  incident what{.kind = incident_kind::handler_threw, .subject = handler};
  what.error = error_of(thrown, errc{});
  what.exception = std::move(thrown);
  return what;
}

/// Calls `call()`, which calls an on_error. An exception of that one is reported to `to`, unless that is null.
template <class Call>
passed_on call_on_error(const diagnostics* to, Call call) {
  try {
    call();
    return passed_on::yes;
  } catch (...) {
    if (to != nullptr) to->threw(thrown_by("on_error", std::current_exception()), passed_on::no);
    return passed_on::no;
  }
}

}  // namespace detail

/// Sets the hook for incidents: a base of servers and clients.
class diagnosed {
 public:
  diagnosed(const diagnosed&) = delete;
  diagnosed& operator=(const diagnosed&) = delete;

  /// Calls `hook(const incident&)` for what goes wrong in this object's connections and is not an event of a
  /// session: see incident_kind. Called on the thread where it happened, for connections of different
  /// threads at the same time; never while a lock of the library is held. An exception of the hook has no
  /// effect. Without a hook, the first exception of a handler that no on_error gets is written to stderr,
  /// and nothing else. Throws std::invalid_argument if the hook is an empty function, and std::logic_error
  /// if this object runs.
  template <class Handler>
  void on_diagnostic(Handler hook) {
    static_assert(detail::handler_fits<Handler, void(const incident&)>,
                  "on_diagnostic wants void(const incident&), no coroutine");
    diagnostics_->set(
        detail::handler_from<void(const incident&)>(std::move(hook), "on_diagnostic()"));
  }

 protected:
  diagnosed() = default;
  ~diagnosed() { diagnostics_->end(); }

  const std::shared_ptr<detail::diagnostics>& diagnostics() const noexcept { return diagnostics_; }

 private:
  const std::shared_ptr<detail::diagnostics> diagnostics_ = std::make_shared<detail::diagnostics>();
};

}  // namespace hawser
