// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/incident.hpp"

#include <exception>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("an incident is described in one line, with all that is known") {
  incident refused{.error = errc::origin_refused,
                   .status = 403,
                   .remote_address = "127.0.0.1:40000",
                   .method = "GET",
                   .target = "/chat"};
  CHECK(refused.describe() ==
        "refused with 403: the Origin is not allowed (127.0.0.1:40000, GET /chat)");
  refused.remote_address = {};
  CHECK(refused.describe() == "refused with 403: the Origin is not allowed (GET /chat)");
  CHECK(incident{.kind = incident_kind::accept_failed, .error = errc::out_of_memory}.describe() ==
        "accept failed: there is no memory for the connection");
}

TEST_CASE("the description of an incident contains no query and no control characters", "[abuse]") {
  const incident what{.kind = incident_kind::bad_request,
                      .error = errc::bad_host,
                      .status = 400,
                      .subject = "line\r\nbreak",
                      .method = "G\x1B",
                      .target = "/chat?token=secret"};
  CHECK(
      what.describe() ==
      "bad request with 400: line??break: the Host field is missing, empty or repeated (G? /chat)");
}

TEST_CASE("the description of an exception is its text") {
  incident what{.kind = incident_kind::handler_threw, .subject = "on_open"};
  what.exception = std::make_exception_ptr(std::runtime_error{"no database"});
  CHECK(what.describe() == "handler threw: on_open: no database");
  what.exception = std::make_exception_ptr(42);
  CHECK(what.describe() == "handler threw: on_open: not a std::exception");
}

TEST_CASE("each error belongs to one kind of incident, and each kind has a name") {
  using detail::kind_of;
  CHECK(kind_of(errc::origin_refused) == incident_kind::refused);
  CHECK(kind_of(errc::bad_key) == incident_kind::bad_request);
  CHECK(kind_of(errc::message_too_big) == incident_kind::budget_exceeded);
  CHECK(kind_of(errc::out_of_memory) == incident_kind::budget_exceeded);
  CHECK(kind_of(std::make_error_code(std::errc::connection_reset), incident_kind::tls_failed) ==
        incident_kind::tls_failed);
  for (int kind = 0; kind <= static_cast<int>(incident_kind::budget_exceeded); ++kind) {
    CHECK_FALSE(describe(static_cast<incident_kind>(kind)).empty());
  }
}

}  // namespace
