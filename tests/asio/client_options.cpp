// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/client_options.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/catch.hpp"
#include "support/run_length_negotiator.hpp"

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

TEST_CASE("an attempt has each option of its client that connect() has, too") {
  client_options options;
  options.handshake.origin = "http://page.example";
  options.credentials = uri::user_info::allow;
  options.cookie = "id=1";
  options.max_redirects = 2;
  options.safe_headers = {"Accept-Language"};
  options.connect_to = "[::1]";
  options.proxy = "http://proxy:3128";
  options.limits.fields = 7;
  options.connect_timeout = 1s;
  options.handshake_timeout = 2s;
  options.connection.max_frames = 3;
  options.extension = test::run_length_negotiator{};
  const auto& [handshake, credentials, cookie, max_redirects, safe_headers, connect_to, proxy,
               limits, connect_timeout, handshake_timeout, connection, extension] =
      detail::take_connect_options(options);
  CHECK(handshake.origin == "http://page.example");
  CHECK(credentials == uri::user_info::allow);
  CHECK(cookie == "id=1");
  CHECK(max_redirects == 2);
  CHECK(safe_headers == std::vector<std::string>{"Accept-Language"});
  CHECK(connect_to == "[::1]");
  CHECK(proxy);
  CHECK(limits.fields == 7);
  CHECK(connect_timeout == 1s);
  CHECK(handshake_timeout == 2s);
  CHECK(connection.max_frames == 3);
  CHECK(extension);
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
