// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/error.hpp"

#include <set>
#include <string>
#include <system_error>

#include "support/catch.hpp"

using hawser::condition;
using hawser::errc;

namespace {

constexpr auto first_error = static_cast<int>(errc::bad_start_line);
constexpr auto last_error = static_cast<int>(errc::connect_timeout);

TEST_CASE("every error has a message of its own, in one line and without a full stop") {
  std::set<std::string> seen;
  for (int value = first_error; value <= last_error; ++value) {
    const std::error_code ec = static_cast<errc>(value);
    CAPTURE(value, ec.message());
    CHECK_FALSE(ec.message().empty());
    CHECK_FALSE(ec.message().ends_with('.'));
    CHECK(ec.message().find('\n') == std::string::npos);
    CHECK(seen.insert(ec.message()).second);
  }
  CHECK(hawser::describe(static_cast<errc>(last_error + 1)).empty());
}

TEST_CASE("no error is success") {
  for (int value = first_error; value <= last_error; ++value)
    CHECK(std::error_code{static_cast<errc>(value)});
}

TEST_CASE("errors compare with the three conditions of the library") {
  CHECK(std::error_code{errc::bad_accept} == condition::handshake_rejected);
  CHECK(std::error_code{errc::bad_start_line} == condition::handshake_rejected);
  CHECK(std::error_code{errc::handshake_timeout} == condition::handshake_rejected);
  CHECK(std::error_code{errc::bad_reserved_bits} != condition::handshake_rejected);

  CHECK(std::error_code{errc::bad_reserved_bits} == condition::protocol_violation);
  CHECK(std::error_code{errc::invalid_utf8} == condition::protocol_violation);
  CHECK(std::error_code{errc::message_too_big} != condition::protocol_violation);

  CHECK(std::error_code{errc::message_too_big} == condition::limit_exceeded);
  CHECK(std::error_code{errc::head_too_large} == condition::limit_exceeded);
  CHECK(std::error_code{errc::close_reason_too_long} != condition::limit_exceeded);

  CHECK(std::error_code{errc::closed} == condition::closed);
  CHECK(std::error_code{errc::end_of_stream} == condition::closed);
  CHECK(std::error_code{errc::keep_alive_timeout} == condition::closed);
  CHECK(std::error_code{errc::write_timeout} == condition::closed);
  CHECK(std::error_code{errc::message_unfinished} != condition::closed);
  CHECK(std::error_code{errc::read_timeout} != condition::closed);

  CHECK(std::error_code{errc::bad_uri_scheme} == condition::bad_uri);
  CHECK(std::error_code{errc::user_info_refused} == condition::bad_uri);
  CHECK(std::error_code{errc::bad_uri_port} == condition::bad_uri);
  CHECK(std::error_code{errc::bad_proxy_path} == condition::bad_uri);
  CHECK(std::error_code{errc::bad_connect_to} != condition::bad_uri);
  CHECK(std::error_code{errc::unsupported_scheme} != condition::bad_uri);
  CHECK(std::error_code{errc::bad_listen_address} != condition::handshake_rejected);
  CHECK(std::error_code{errc::bad_listen_address} != condition::limit_exceeded);
}

TEST_CASE("a timeout is equal to std::errc::timed_out too") {
  for (int value = first_error; value <= last_error; ++value) {
    const std::error_code ec = static_cast<errc>(value);
    CAPTURE(ec.message());
    CHECK((ec == condition::timeout) == (ec == std::errc::timed_out));
  }
  CHECK(std::error_code{errc::keep_alive_timeout} == std::errc::timed_out);
  CHECK(std::error_code{errc::connect_timeout} == std::errc::timed_out);
  CHECK(std::error_code{errc::handshake_timeout} == std::errc::timed_out);
  CHECK(std::error_code{errc::closed} != std::errc::timed_out);
}

TEST_CASE("errors of other categories match no condition of the library") {
  const auto reset = std::make_error_code(std::errc::connection_reset);
  CHECK(reset != condition::closed);
  CHECK(reset.value() != 0);
  CHECK(std::error_code{errc::closed} != reset);
}

TEST_CASE("an error matches the condition of its own number and no other of its category") {
  const std::error_code ec = errc::closed;
  CHECK(ec == std::error_condition{ec.value(), hawser::error_category()});
  CHECK(ec != std::error_condition{ec.value() + 1, hawser::error_category()});
  CHECK(ec != std::errc::connection_reset);
}

TEST_CASE("an undefined condition has no message and matches no error") {
  const auto none = static_cast<condition>(99);
  CHECK(make_error_condition(none).message().empty());
  for (int value = first_error; value <= last_error; ++value)
    CHECK_FALSE(is(static_cast<errc>(value), none));
}

TEST_CASE("every condition has a message of its own") {
  std::set<std::string> seen;
  for (int value = 1; value <= static_cast<int>(condition::bad_uri); ++value) {
    const auto words = make_error_condition(static_cast<condition>(value)).message();
    CHECK_FALSE(words.empty());
    CHECK(seen.insert(words).second);
  }
}

TEST_CASE("the categories have different names") {
  CHECK(std::string{hawser::error_category().name()} == "hawser");
  CHECK(std::string{hawser::condition_category().name()} == "hawser.condition");
}

}  // namespace
