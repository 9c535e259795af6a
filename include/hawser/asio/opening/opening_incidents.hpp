// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/opening/chosen_route.hpp"
#include "hawser/asio/opening/opening_settings.hpp"
#include "hawser/asio/session/session_facts.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/enum_set.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/http_conversation.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser::detail {

/// Reports the first incident of each request of a connection, with what is known about the request.
class opening_incidents {
 public:
  using conversation = http_conversation<routed_policy>;

  /// These belong to the connection. They must exist whenever an incident is reported.
  opening_incidents(const chosen_route& route, const session_facts& facts,
                    conversation& talk) noexcept
      : route_{route}, facts_{facts}, talk_{talk} {}

  /// Responses can be sent from now on: the TLS handshake, if there is one, has ended.
  void set_ready() noexcept { state_.insert(fact::ready); }

  /// Bytes have arrived, the first ones of a request if `begins`.
  void input_arrived(bool begins) noexcept {
    state_.insert(fact::has_input);
    if (begins) state_.erase(fact::reported);
  }

  /// The refusal of the current request is reported elsewhere.
  void set_reported() noexcept { state_.insert(fact::reported); }

  /// The TLS handshake has failed.
  void not_secure(std::error_code ec) noexcept {
    report(about_request(incident_kind::tls_failed, standard_error(ec)));
  }

  /// The client gets the response that the conversation has as its output. None, if it is no refusal.
  void refused() {
    const auto error = talk_.error();
    // The end of a connection that has sent nothing, as of a health check, is no incident.
    const bool silent = error == errc::truncated_handshake && !state_.contains(fact::has_input);
    if (error == errc{} || silent) return;
    auto what = about_request(kind_of(error), error, status_in(as_text(talk_.output())));
    std::string subject;
    if (route_.settings().diagnostics->is_wanted()) {
      with_memory([&] { subject = subject_of(error); }, [] {});  // or without a subject
    }
    what.subject = subject;
    report(what);
  }

  /// The connection has ended without a response. Network errors are no incidents.
  void ended(std::error_code ec) noexcept {
    if (ec != errc::handshake_timeout && kind_of(ec) != incident_kind::budget_exceeded) return;
    const bool ready = state_.contains(fact::ready);
    report(about_request(ready ? kind_of(ec) : kind_of(ec, incident_kind::tls_failed), ec));
  }

  /// `handler` has thrown an exception, which is also passed to on_error. `answered` is the status of the response
  /// that follows, or 0.
  void threw(std::string_view handler, const std::exception_ptr& thrown, unsigned answered = 0) {
    auto what = about_request(incident_kind::handler_threw, error_of(thrown, errc{}), answered);
    what.subject = handler;
    what.exception = thrown;
    const auto passed = route_.pass_on(thrown);
    if (state_.insert(fact::reported)) route_.settings().diagnostics->threw(what, passed);
  }

  /// The answer of `hook` cannot be used, because of `part` if that is not empty. The client gets 500.
  void unusable(errc error, std::string hook, const std::string& part = {}) {
    if (!part.empty()) hook.append(", ").append(part);
    auto what = about_request(incident_kind::refused, error, 500);
    what.subject = hook;
    report(what);
    route_.pass_on(std::make_exception_ptr(std::system_error{error, hook}));
  }

 private:
  enum class fact : std::uint8_t { ready, has_input, reported };

  incident about_request(incident_kind kind, std::error_code ec,
                         unsigned answered = 0) const noexcept {
    const auto& asked = talk_.request();
    return {.kind = kind,
            .error = ec,
            .status = answered,
            .remote_address = facts_.remote_address,
            .method = asked.method(),
            .target = asked.target()};
  }

  std::string subject_of(errc error) const {
    if (error == errc::origin_refused) return talk_.policy().explain_origin(talk_.request());
    return error == errc::bad_header_value ? talk_.unsendable() : std::string{};
  }

  void report(const incident& what) noexcept {
    if (state_.insert(fact::reported)) route_.settings().diagnostics->report(what);
  }

  const chosen_route& route_;
  const session_facts& facts_;
  conversation& talk_;
  enum_set<fact> state_;
};

}  // namespace hawser::detail
