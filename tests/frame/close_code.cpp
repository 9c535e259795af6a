// SPDX-License-Identifier: BSL-1.0
#include "hawser/frame/close_code.hpp"

#include "support/catch.hpp"
#include "support/printers.hpp"

using namespace hawser;

namespace {

constexpr bool good(int code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

// Every code that a Close frame can hold.
constexpr int first_wrong_to_receive() {
  for (int code = 0; code <= 0xFFFF; ++code) {
    if (may_receive(static_cast<close_code>(code)) != good(code)) return code;
  }
  return -1;
}

TEST_CASE("of all codes the registered ones and those for applications may come", "[rfc-7.4]") {
  CHECK(first_wrong_to_receive() == -1);
}

TEST_CASE("what may come may be sent, except that 1010 is a client's", "[rfc-7.4.1]") {
  for (int value = 0; value <= 0xFFFF; ++value) {
    const auto code = static_cast<close_code>(value);
    if (may_send(code, role::client) != good(value)) FAIL_CHECK(value);
    if (may_send(code, role::server) != (good(value) && value != 1010)) FAIL_CHECK(value);
  }
}

static_assert(!may_send(close_code::no_status, role::client));
static_assert(!may_send(close_code::abnormal, role::client));
static_assert(!may_send(close_code::tls_handshake, role::client));

TEST_CASE("an error tells the peer what kind it was", "[rfc-7.4.1]") {
  CHECK(close_code_for(errc::bad_reserved_bits) == close_code::protocol_error);
  CHECK(close_code_for(errc::expected_continuation) == close_code::protocol_error);
  CHECK(close_code_for(errc::bad_close_code) == close_code::protocol_error);
  CHECK(close_code_for(errc::bad_close_payload) == close_code::protocol_error);
  CHECK(close_code_for(errc::invalid_utf8) == close_code::invalid_payload);
  CHECK(close_code_for(errc::bad_extension_data) == close_code::invalid_payload);
  CHECK(close_code_for(errc::message_too_big) == close_code::message_too_big);
  CHECK(close_code_for(errc::too_many_fragments) == close_code::message_too_big);
  CHECK(close_code_for(errc::keep_alive_timeout) == close_code::policy_violation);
  CHECK(close_code_for(errc::too_many_connections) == close_code::try_again_later);
  CHECK(close_code_for(errc::bad_header_value) == close_code::internal_error);
}

TEST_CASE("every error has a code that both roles may send", "[rfc-7.4.1]") {
  for (int i = 1; i <= static_cast<int>(errc::connect_timeout); ++i) {
    const auto code = close_code_for(static_cast<errc>(i));
    CHECK(may_send(code, role::server));
    CHECK(may_send(code, role::client));
  }
}

}  // namespace
