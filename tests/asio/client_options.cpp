// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/client_options.hpp"

#include <chrono>
#include <optional>
#include <system_error>

#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;

namespace {

TEST_CASE("errors of the network are worth a retry") {
  const auto cause =
      GENERATE(make_error_code(errc::closed), make_error_code(errc::connect_timeout),
               make_error_code(errc::handshake_timeout), make_error_code(errc::truncated_handshake),
               make_error_code(errc::proxy_unreachable), make_error_code(errc::proxy_refused),
               make_error_code(errc::keep_alive_timeout), make_error_code(errc::bad_opcode),
               std::make_error_code(std::errc::connection_refused));
  CAPTURE(cause.message());
  CHECK(is_worth_retrying(cause, std::nullopt));
}

TEST_CASE("errors that need a change are not worth a retry") {
  const auto cause = GENERATE(
      errc::bad_uri_port, errc::bad_connect_to, errc::unsupported_scheme, errc::bad_header_value,
      errc::bad_proxy, errc::proxy_authentication, errc::bad_proxy_answer, errc::bad_accept,
      errc::unexpected_subprotocol, errc::no_subprotocol, errc::bad_start_line);
  CAPTURE(describe(cause));
  CHECK_FALSE(is_worth_retrying(cause, std::nullopt));
}

TEST_CASE("a refusal is judged by its status, from a server or a proxy") {
  const auto refused = [](errc cause, unsigned status) {
    return is_worth_retrying(cause, response{.status = status});
  };
  CHECK(refused(errc::upgrade_refused, 503));
  CHECK(refused(errc::upgrade_refused, 429));
  CHECK_FALSE(refused(errc::upgrade_refused, 401));
  CHECK(refused(errc::proxy_refused, 502));
  CHECK_FALSE(refused(errc::proxy_refused, 403));
  CHECK_FALSE(refused(errc::proxy_authentication, 407));
}

TEST_CASE("a refusal may ask for a wait", "[rfc-9110]") {
  const std::chrono::system_clock::time_point now{};
  response refusal{.status = 503};
  CHECK(detail::wait_asked_by(std::nullopt, now) == 0s);
  CHECK(detail::wait_asked_by(refusal, now) == 0s);
  refusal.headers.add("Retry-After", "120");
  CHECK(detail::wait_asked_by(refusal, now) == 120s);
  response unclear{.status = 503};
  unclear.headers.add("Retry-After", "soon");
  CHECK(detail::wait_asked_by(unclear, now) == 0s);
}

}  // namespace
