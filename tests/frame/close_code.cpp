// SPDX-License-Identifier: BSL-1.0
#include "hawser/frame/close_code.hpp"

#include <cstddef>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/printers.hpp"
#include "support/tables.hpp"

using namespace hawser;
using namespace hawser::test;

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

TEST_CASE("registered codes and those for applications may be received", "[rfc-7.4]") {
  CHECK(first_wrong_to_receive() == -1);
}

TEST_CASE("codes that may be received may be sent, except that only clients send 1010",
          "[rfc-7.4.1]") {
  for (int value = 0; value <= 0xFFFF; ++value) {
    const auto code = static_cast<close_code>(value);
    if (may_send(code, role::client) != good(value)) FAIL_CHECK(value);
    if (may_send(code, role::server) != (good(value) && value != 1010)) FAIL_CHECK(value);
  }
}

static_assert(!may_send(close_code::no_status, role::client));
static_assert(!may_send(close_code::abnormal, role::client));
static_assert(!may_send(close_code::tls_handshake, role::client));

TEST_CASE("a Close frame may be sent without a code, but not with a reason only", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  CHECK(check_close(std::nullopt, "", own_role) == errc{});
  CHECK(check_close(std::nullopt, "why", own_role) == errc::bad_close_code);
  CHECK(check_close(close_code::normal, "", own_role) == errc{});
  CHECK(check_close(close_code::normal, "why", own_role) == errc{});
  CHECK(check_close(close_code::no_status, "", own_role) == errc::bad_close_code);
  CHECK(check_close(close_code::mandatory_extension, "", own_role) ==
        (own_role == role::client ? errc{} : errc::bad_close_code));
}

TEST_CASE("a Close frame may be sent with 123 bytes of valid text", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  CHECK(check_close(close_code::normal, std::string(123, 'x'), own_role) == errc{});
  CHECK(check_close(close_code::normal, std::string(124, 'x'), own_role) ==
        errc::close_reason_too_long);
  CHECK(check_close(close_code::normal, "\xFF", own_role) == errc::invalid_utf8);
}

TEST_CASE("each error has the close code of its kind", "[rfc-7.4.1]") {
  CHECK(close_code_for(errc::bad_reserved_bits) == close_code::protocol_error);
  CHECK(close_code_for(errc::expected_continuation) == close_code::protocol_error);
  CHECK(close_code_for(errc::bad_close_code) == close_code::protocol_error);
  CHECK(close_code_for(errc::bad_close_payload) == close_code::protocol_error);
  CHECK(close_code_for(errc::invalid_utf8) == close_code::invalid_payload);
  CHECK(close_code_for(errc::bad_extension_data) == close_code::invalid_payload);
  CHECK(close_code_for(errc::message_too_big) == close_code::message_too_big);
  CHECK(close_code_for(errc::memory_exceeded) == close_code::try_again_later);
  CHECK(close_code_for(errc::too_many_fragments) == close_code::message_too_big);
  CHECK(close_code_for(errc::out_of_memory) == close_code::internal_error);
  CHECK(close_code_for(errc::message_timeout) == close_code::policy_violation);
  CHECK(close_code_for(errc::keep_alive_timeout) == std::nullopt);
  CHECK(close_code_for(errc::too_many_connections) == std::nullopt);
  CHECK(close_code_for(errc::bad_header_value) == std::nullopt);
}

struct documented_error {
  std::string name;
  std::string meaning;
};

/// The enumerators of errc in their order, with the documentation of each in the header.
std::vector<documented_error> documented_errors() {
  std::istringstream header{project_file("include/hawser/base/errc.hpp")};
  std::vector<documented_error> found;
  bool inside = false;
  for (std::string line; std::getline(header, line);) {
    if (line == "enum class errc {") inside = true;
    if (line == "};") inside = false;
    const auto comment = line.find("///< ");
    if (!inside || comment == std::string::npos) continue;
    found.push_back({line.substr(2, line.find_first_of(" ,", 2) - 2), line.substr(comment + 5)});
  }
  return found;
}

TEST_CASE("the documentation has the code of each error, and both roles may send it",
          "[rfc-7.4.1]") {
  const auto page = project_file("docs/errors.md");
  const auto errors = documented_errors();
  int value = 0;
  for (const auto& [name, meaning] : errors) {
    const auto error = static_cast<errc>(++value);
    REQUIRE(!describe(error).empty());
    const auto code = close_code_for(error);
    const auto row = "| `" + name + "` | " + meaning + " | " +
                     (code ? std::to_string(static_cast<int>(*code)) : "") + " |\n";
    INFO("docs/errors.md must have this row:\n" << row);
    CHECK(page.find(row) != std::string::npos);
    if (code) CHECK((may_send(*code, role::server) && may_send(*code, role::client)));
  }
  CHECK(describe(static_cast<errc>(value + 1)).empty());
}

TEST_CASE("every code with a name has a meaning, and no other") {
  for (int value = 0; value <= 0xFFFF; ++value) {
    const bool named = value >= 1000 && value <= 1015 && value != 1004;
    if (describe(static_cast<close_code>(value)).empty() == named) FAIL(value);
  }
}

}  // namespace
