// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/opening/chosen_route.hpp"
#include "hawser/base/enum_set.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser::detail {

/// Reports the first incident of each request of a connection.
class opening_incidents {
 public:
  /// Responses can be sent from now on: the TLS handshake, if there is one, has ended.
  void set_ready() noexcept { state_.insert(fact::ready); }

  /// Bytes have arrived, the first ones of a request if `begins`.
  void input_arrived(bool begins) noexcept {
    state_.insert(fact::has_input);
    if (begins) state_.erase(fact::reported);
  }

  /// The refusal of the current request is reported elsewhere.
  void set_reported() noexcept { state_.insert(fact::reported); }

  void report(const chosen_route& route, const incident& what) noexcept {
    if (state_.insert(fact::reported)) route.settings().diagnostics->report(what);
  }

  /// The client gets a response, which is not written yet, because of `error`. None, if it is no refusal.
  void refused(const chosen_route& route, errc error, std::string_view response, incident what) {
    // The end of a connection that has sent nothing, as of a health check, is no incident.
    const bool silent = error == errc::truncated_handshake && !state_.contains(fact::has_input);
    if (error == errc{} || silent) return;
    what.kind = kind_of(error);
    what.error = error;
    what.status = status_of(response);
    report(route, what);
  }

  /// The connection has ended without a response. Network errors are no incidents.
  void ended(const chosen_route& route, std::error_code ec, incident what) noexcept {
    if (ec != errc::handshake_timeout && kind_of(ec) != incident_kind::budget_exceeded) return;
    what.kind = state_.contains(fact::ready) ? kind_of(ec) : kind_of(ec, incident_kind::tls_failed);
    what.error = ec;
    report(route, what);
  }

  /// `handler` has thrown an exception, which is also passed to on_error.
  void threw(const chosen_route& route, std::string_view handler, const std::exception_ptr& thrown,
             incident what) {
    what.kind = incident_kind::handler_threw;
    what.error = error_of(thrown, errc{});
    what.subject = handler;
    what.exception = thrown;
    const auto passed = route.pass_on(thrown);
    if (state_.insert(fact::reported)) route.settings().diagnostics->threw(what, passed);
  }

  /// The answer of `hook` cannot be used, because of `part` if that is not empty. The client gets 500.
  void unusable(const chosen_route& route, errc error, std::string hook, const std::string& part,
                incident what) {
    if (!part.empty()) hook.append(", ").append(part);
    what.error = error;
    what.status = 500;
    what.subject = hook;
    report(route, what);
    route.pass_on(std::make_exception_ptr(std::system_error{error, hook}));
  }

 private:
  enum class fact : std::uint8_t { ready, has_input, reported };

  enum_set<fact> state_;
};

}  // namespace hawser::detail
