// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"

namespace hawser::detail {

/// Reports the first thing that goes wrong in the opening of one connection of a threaded server, and what
/// goes wrong later, on the connection's thread.
class threaded_incidents {
 public:
  threaded_incidents(const diagnostics& to, std::string remote_address)
      : to_{to}, address_{std::move(remote_address)} {}

  /// Before the opening handshake.
  void not_ready(std::error_code ec) noexcept {
    report(about({}), kind_of(ec, incident_kind::tls_failed), standard_error(ec));
  }

  /// An exception that is not the application's has ended the connection: a failed allocation, an error of TLS.
  void failed(const std::exception_ptr& thrown) noexcept {
    if (!reported_) not_ready(error_of(thrown));
  }

  /// The opening handshake has failed, with a response or without one. Network errors are no incidents.
  template <class Handshake>
  void not_opened(Handshake& asked, std::error_code ec) noexcept {
    // Nor is the end of a connection that has sent nothing, as of a health check.
    const bool silent = ec == errc::truncated_handshake && asked.is_untouched();
    if (reported_ || ec.category() != hawser::error_category() || silent) return;
    auto what = about(asked.request());
    what.status = asked.response_status();
    std::string subject;
    if (to_.is_wanted()) {
      with_memory([&] { subject = subject_of(asked, ec); }, [] {});  // or without a subject
    }
    what.subject = subject;
    report(what, kind_of(ec), ec);
  }

  /// The connection has ended. Only limits are incidents.
  void ended(const request& asked, std::error_code ec) noexcept {
    if (kind_of(ec) != incident_kind::budget_exceeded) return;
    report(about(asked), incident_kind::budget_exceeded, ec);
  }

  /// `handler` has thrown an exception. `status` is that of the response, if it is one to an upgrade.
  void threw(const request& asked, std::string_view handler, const std::exception_ptr& thrown,
             passed_on to_application, unsigned status = 0) noexcept {
    reported_ = true;
    auto what = about(asked);
    what.kind = incident_kind::handler_threw;
    what.error = error_of(thrown, errc{});
    what.status = status;
    what.subject = handler;
    what.exception = thrown;
    to_.threw(what, to_application);
  }

 private:
  incident about(const request& asked) const noexcept {
    incident what;
    what.remote_address = address_;
    what.method = asked.method();
    what.target = asked.target();
    return what;
  }

  template <class Handshake>
  static std::string subject_of(Handshake& asked, std::error_code ec) {
    return ec == errc::origin_refused ? explanation_of_origin(asked.policy(), asked.request())
                                      : asked.unsendable();
  }

  void report(incident what, incident_kind kind, std::error_code ec) noexcept {
    reported_ = true;
    what.kind = kind;
    what.error = ec;
    to_.report(what);
  }

  const diagnostics& to_;
  const std::string address_;
  bool reported_ = false;
};

}  // namespace hawser::detail
