// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/asio/connect_options.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

namespace detail {

/// Which of the options, or which status of the response, led to the error. Empty if the error says
/// all. Values of header fields are left out, because they may be secrets.
inline std::string subject_of(std::error_code ec, const connect_options& options,
                              const response& answer) {
  if (ec == errc::bad_connect_to)
    return "connect_to \"" + without_secrets(options.connect_to) + '"';
  if (ec == errc::bad_header_value) {
    const auto offer = connect_policy{policy_of(options), options.extension}.make_offer();
    const auto name = find_not_sendable(offer);
    return name ? "header \"" + std::string{*name} + '"' : std::string{};
  }
  const bool by_proxy = ec == errc::proxy_refused || ec == errc::proxy_authentication;
  // A SOCKS proxy has no response.
  if (ec != errc::upgrade_refused && !(by_proxy && answer.status >= 300)) return {};
  return std::string{"HTTP status "}
      .append(std::to_string(answer.status))
      .append(reason_phrase(answer.status).empty() ? "" : " ")
      .append(reason_phrase(answer.status));
}

/// The URL without secrets, and in brackets what the error is about.
inline std::string connect_subject(std::error_code ec, std::string_view url, const response& answer,
                                   const connect_options& options) {
  auto text = without_secrets(url);
  const auto about = subject_of(ec, options, answer);
  return about.empty() ? text : text.append(" (").append(about).append(")");
}

}  // namespace detail

/// The failure of connect(), with the response if the server or a proxy refused. what() contains
/// the URL without user, password and query (see without_secrets()), and what the error is about: the
/// status of the response, the name of the header field, the value of `connect_to`.
class connect_error : public std::system_error {
 public:
  connect_error(std::error_code ec, std::string_view url, response answer,
                const connect_options& options = {})
      : std::system_error{ec, detail::connect_subject(ec, url, answer, options)},
        answer_{std::move(answer)} {}

  /// The response, if code() is errc::upgrade_refused, proxy_refused or proxy_authentication.
  const response& answer() const noexcept { return answer_; }

 private:
  response answer_;
};

}  // namespace hawser
