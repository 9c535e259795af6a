// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "hawser/asio/client_options.hpp"
#include "hawser/asio/connect_error.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/reconnecting/client_calls.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/transport/backoff.hpp"

namespace hawser::detail {

/// The attempts of a client to connect, as its options require: how each is prepared, whether and when another
/// one follows, and how a failed one is described. Has no clock. Used on the client's strand.
class client_attempts {
 public:
  using time_point = backoff_schedule<>::time_point;

  /// `calls` gets the exceptions of the options' functions. It may be constructed later.
  client_attempts(client_options options, client_calls& calls)
      : connect_{take_connect_options(options)},
        options_{std::move(options)},
        calls_{calls},
        schedule_{options_.reconnect.value_or(backoff{})} {}

  /// The options, without those that connect_options has.
  const client_options& options() const noexcept { return options_; }

  /// The options of the current attempt, or of the last one.
  const connect_options& current() const noexcept { return current_; }

  /// The URL of the current attempt, or of the last one.
  const std::string& url() const noexcept { return url_; }

  /// Begins an attempt. Returns the error with which it ends if `prepare` or `make_url` has thrown an exception.
  /// Both may end the client: `is_begun()` returns whether it has not ended.
  template <class IsBegun>
  std::error_code prepare(IsBegun is_begun) {
    current_ = connect_;
    url_ = options_.url;
    const char* called = "prepare";
    try {
      if (options_.prepare) options_.prepare(current_);
      called = "make_url";
      if (options_.make_url && is_begun()) url_ = options_.make_url();
    } catch (...) {
      return calls_.report(called, std::current_exception());
    }
    return {};
  }

  /// An attempt has succeeded.
  void connected(time_point now) noexcept { schedule_.connected(now); }

  /// Whether to try again. `retry` may end the client.
  template <class Layer>
  bool is_wanted(std::error_code cause, const std::optional<response>& refusal) {
    if (!options_.retry) return is_worth_retrying(cause, refusal) && !Layer::is_permanent(cause);
    try {
      return options_.retry(cause, refusal);
    } catch (...) {
      calls_.report("retry", std::current_exception());
      return false;
    }
  }

  /// The time of the next attempt, which is counted, or nothing after the last one.
  std::optional<time_point> next(time_point now, std::error_code cause,
                                 const std::optional<response>& refusal) {
    const auto asked = wait_asked_by(refusal, std::chrono::system_clock::now());
    const auto due = schedule_.disconnected(now, asked);
    if (!due || !options_.wait) return due;
    try {
      const time_point::duration at_least = asked;
      return deadline_after(now, (std::max)(options_.wait(number(), cause), at_least));
    } catch (...) {
      calls_.report("wait", std::current_exception());
      return due;
    }
  }

  /// The number of the next attempt since the last healthy connection.
  unsigned number() const noexcept { return schedule_.attempts(); }

  /// For on_failed.
  connect_error failure_of(std::error_code ec, const std::optional<response>& refusal) const {
    return {ec, url_, refusal.value_or(response{}), current_};
  }

  /// Reports a failed attempt to on_diagnostic.
  template <class Layer>
  void diagnose(std::error_code ec, const std::optional<response>& refusal) {
    const auto subject = connect_subject(ec, url_, refusal.value_or(response{}), current_);
    const auto other =
        Layer::is_tls_error(ec) ? incident_kind::tls_failed : incident_kind::connect_failed;
    calls_.hooks().diagnostics->report({.kind = refusal ? incident_kind::refused : other,
                                        .error = ec,
                                        .status = refusal ? refusal->status : 0,
                                        .subject = subject});
  }

 private:
  const connect_options connect_;
  const client_options options_;
  client_calls& calls_;
  backoff_schedule<> schedule_;
  connect_options current_;
  std::string url_ = options_.url;
};

}  // namespace hawser::detail
