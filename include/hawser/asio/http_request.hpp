// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "hawser/asio/session/handler_from.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/handshake/http_date.hpp"
#include "hawser/handshake/http_exchange.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

/// A complete plain HTTP request, for the application to answer. A copy can be stored and answered later,
/// on any thread, until the server's handshake_timeout has passed since the request began. A move is a
/// copy. Only the first answer counts. If the hook has returned and all copies are destroyed without an
/// answer, the client gets 500, and on_error gets a std::system_error with errc::no_response.
class http_request : public pending_request {
 public:
  explicit http_request(std::shared_ptr<detail::upgrade_state> state)
      : pending_request{std::move(state)} {}

  /// Answers the request. The server writes Date, Content-Length and Connection itself, and omits
  /// the body where none is allowed (HEAD, 204, 304). A `Connection: close` in the response closes
  /// the connection. A response that cannot be sent (a status below 200, CR or LF in a header
  /// field) becomes a 500 and is reported. Fails with errc::closed if the request is answered
  /// already or its time has passed.
  std::error_code answer(response given) const {
    return give(detail::refusal_of(std::move(given)));
  }

  /// Answers with a status and a text.
  std::error_code answer(unsigned status, std::string body = {}) const {
    return answer(response{.status = status, .body = std::move(body)});
  }
};

/// The limits and timeouts of plain HTTP requests.
struct http_options {
  http_limits limits = {};

  /// How long a connection may wait for the next request after an answered one. 0: only requests
  /// that have arrived already are answered; max(): no limit. In addition, the server's
  /// handshake_timeout (zero: no limit) applies to each request from its first byte to the
  /// application's answer, and to the client's reading of the response.
  std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds{10};
};

/// Answers plain HTTP requests, at once or later.
using http_hook = handler_function<void(http_request&)>;

namespace detail {

/// The current time, in the format of Date.
inline std::string http_date_now() {
  return encode_http_date(
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

template <class Handler>
inline constexpr bool answers_http =
    handler_fits<Handler, void(http_request&)> || handler_fits<Handler, response(const request&)>;

/// A hook that answers with the result of `respond`.
inline http_hook answered_by(handler_function<response(const request&)> respond) {
  return [respond = std::move(respond)](http_request& asked) {
    asked.answer(respond(asked.request()));
  };
}

/// The hook that `setter` got, in either form. Throws std::invalid_argument if it is empty.
template <class Handler>
http_hook http_hook_from(Handler given, const char* setter) {
  if constexpr (handler_fits<Handler, void(http_request&)>) {
    return handler_from<void(http_request&)>(std::move(given), setter);
  } else if constexpr (answers_http<Handler>) {
    return answered_by(handler_from<response(const request&)>(std::move(given), setter));
  } else {
    return {};
  }
}

}  // namespace detail

}  // namespace hawser
