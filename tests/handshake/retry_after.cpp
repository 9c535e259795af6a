// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/retry_after.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;
using hawser::decode_retry_after;
using std::chrono::seconds;

namespace {

constexpr std::chrono::system_clock::time_point received_at =
    std::chrono::sys_days{std::chrono::year{1999} / 12 / 31} + 23h + 58min + 59s;

// The examples of RFC 9110 §10.2.3.
static_assert(decode_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", received_at) == 60s);
static_assert(decode_retry_after("120", received_at) == 120s);

TEST_CASE("a server says how long to wait by seconds or by a date", "[rfc9110-10.2.3]") {
  const struct {
    std::string_view text;
    seconds expected;
  } table[] = {
      {"0", 0s},
      {"1", 1s},
      {"007", 7s},
      {"86399", 86'399s},
      {"Fri, 31 Dec 1999 23:58:59 GMT", 0s},
      {"Fri, 31 Dec 1999 23:59:00 GMT", 1s},
      {"Friday, 31-Dec-99 23:59:09 GMT", 10s},
      {"Sat Jan  1 00:00:00 2000", 61s},
      // A date in the past means zero.
      {"Fri, 31 Dec 1999 23:58:58 GMT", 0s},
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0s},
      {"Sat, 01 Jan 0000 00:00:00 GMT", 0s},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    const auto wait = decode_retry_after(row.text, received_at);
    REQUIRE(wait);
    CHECK(wait->count() == row.expected.count());
  }
}

TEST_CASE("fractions of a second are rounded up", "[rfc9110-10.2.3]") {
  CHECK(decode_retry_after("Fri, 31 Dec 1999 23:59:09 GMT", received_at + 1ms) == 10s);
  CHECK(decode_retry_after("Fri, 31 Dec 1999 23:59:09 GMT", received_at + 999ms) == 10s);
  CHECK(decode_retry_after("Fri, 31 Dec 1999 23:59:09 GMT", received_at + 1s) == 9s);
}

TEST_CASE("the waiting time has an upper limit", "[abuse]") {
  for (const auto& text : {"86400"s, "86401"s, "18446744073709551617"s, std::string(10'000, '9'),
                           "Sun, 02 Jan 2000 00:00:00 GMT"s, "Fri, 31 Dec 9999 23:59:59 GMT"s}) {
    CAPTURE(text.substr(0, 40));
    CHECK(decode_retry_after(text, received_at) == hawser::max_retry_after);
  }
}

TEST_CASE("a malformed Retry-After is ignored", "[rfc9110-10.2.3]") {
  for (const auto text : {""sv, " "sv, "-1"sv, "+1"sv, "1.5"sv, "1 "sv, "0x1"sv, "1s"sv, "soon"sv,
                          "Fri, 31 Dec 1999"sv, "120, 130"sv}) {
    CAPTURE(text);
    CHECK_FALSE(decode_retry_after(text, received_at));
  }
}

}  // namespace
