// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/http_date.hpp"

#include <chrono>
#include <string_view>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using hawser::decode_http_date;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

namespace {

constexpr sys_seconds today = sys_days{std::chrono::year{2024} / 5 / 17} + 12h;
constexpr sys_seconds example = sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 37s;

static_assert(decode_http_date("Sun, 06 Nov 1994 08:49:37 GMT", today) == example);
static_assert(decode_http_date("Sunday, 06-Nov-94 08:49:37 GMT", today) == example);
static_assert(decode_http_date("Sun Nov  6 08:49:37 1994", today) == example);

TEST_CASE("a date is read in its three forms", "[rfc9110-5.6.7]") {
  using std::chrono::year;
  const struct {
    std::string_view text;
    sys_seconds expected;
  } table[] = {
      {"Thu, 01 Jan 1970 00:00:00 GMT", sys_seconds{}},
      {"Wed, 31 Dec 1969 23:59:59 GMT", sys_seconds{-1s}},
      {"Thu, 29 Feb 2024 23:59:59 GMT", sys_days{year{2024} / 2 / 29} + 24h - 1s},
      {"Sat, 31 Dec 2016 23:59:60 GMT", sys_days{year{2017} / 1 / 1}},
      {"Fri, 31 Dec 9999 23:59:59 GMT", sys_days{year{10000} / 1 / 1} - 1s},
      {"Sat, 01 Jan 0000 00:00:00 GMT", sys_days{year{0} / 1 / 1}},
      // The name of the day is not checked.
      {"Mon, 06 Nov 1994 08:49:37 GMT", example},
      {"Sun Nov 16 08:49:37 1994", example + std::chrono::days{10}},
      {"Sun Nov 06 08:49:37 1994", example},
      // The latest year that is at most 50 years ahead.
      {"Wednesday, 01-Jan-24 00:00:00 GMT", sys_days{year{2024} / 1 / 1}},
      {"Wednesday, 01-Jan-74 00:00:00 GMT", sys_days{year{2074} / 1 / 1}},
      {"Wednesday, 01-Jan-75 00:00:00 GMT", sys_days{year{1975} / 1 / 1}},
      {"Wednesday, 01-Jan-00 00:00:00 GMT", sys_days{year{2000} / 1 / 1}},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    const auto date = decode_http_date(row.text, today);
    REQUIRE(date);
    CHECK(date->time_since_epoch().count() == row.expected.time_since_epoch().count());
  }
}

TEST_CASE("a two-digit year is in the next century if that is near", "[rfc9110-5.6.7]") {
  const sys_seconds then = sys_days{std::chrono::year{1999} / 12 / 31};
  CHECK(decode_http_date("Saturday, 01-Jan-00 00:00:00 GMT", then) ==
        sys_seconds{sys_days{std::chrono::year{2000} / 1 / 1}});
  CHECK(decode_http_date("Saturday, 01-Jan-50 00:00:00 GMT", then) ==
        sys_seconds{sys_days{std::chrono::year{1950} / 1 / 1}});
}

TEST_CASE("malformed dates and days that do not exist are refused", "[rfc9110-5.6.7]") {
  for (const auto text : {
           ""sv,
           "Sun"sv,
           "Sun, 06 Nov 1994 08:49:37"sv,
           "Sun, 06 Nov 1994 08:49:37 UTC"sv,
           "Sun, 06 Nov 1994 08:49:37 GMT "sv,
           " Sun, 06 Nov 1994 08:49:37 GMT"sv,
           "sun, 06 Nov 1994 08:49:37 GMT"sv,
           "Sun, 06 nov 1994 08:49:37 GMT"sv,
           "Son, 06 Nov 1994 08:49:37 GMT"sv,
           "Sun, 06 Nov 1994 08:49:37 gmt"sv,
           "Sun, 6 Nov 1994 08:49:37 GMT"sv,
           "Sun,  6 Nov 1994 08:49:37 GMT"sv,
           "Sun, 06 Nov 94 08:49:37 GMT"sv,
           "Sun, 06 Nov 1994 24:00:00 GMT"sv,
           "Sun, 06 Nov 1994 08:60:00 GMT"sv,
           "Sun, 06 Nov 1994 08:49:61 GMT"sv,
           "Sun, 06 Nov 1994 8:49:37 GMT"sv,
           "Sun, 00 Nov 1994 08:49:37 GMT"sv,
           "Sun, 31 Nov 1994 08:49:37 GMT"sv,
           "Thu, 29 Feb 2023 00:00:00 GMT"sv,
           "Sun, -6 Nov 1994 08:49:37 GMT"sv,
           "Sun, 06-Nov-94 08:49:37 GMT"sv,
           "Sunday, 06-Nov-1994 08:49:37 GMT"sv,
           "Sunday, 31-Nov-94 08:49:37 GMT"sv,
           "Sun Nov 6 08:49:37 1994"sv,
           "Sun Nov  6 08:49:37 1994 GMT"sv,
           "Sun Nov  0 08:49:37 1994"sv,
           "Sun Nov  6 08:49:37 94"sv,
       }) {
    CAPTURE(text);
    CHECK_FALSE(decode_http_date(text, today));
  }
}

TEST_CASE("a truncated date is refused", "[rfc9110-5.6.7]") {
  for (const auto text : {"Sun, 06 Nov 1994 08:49:37 GMT"sv, "Sunday, 06-Nov-94 08:49:37 GMT"sv,
                          "Sun Nov  6 08:49:37 1994"sv}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      CHECK_FALSE(decode_http_date(text.substr(0, size), today));
    }
  }
}

TEST_CASE("an encoded date has the required form, and is decoded to the same date",
          "[rfc9110-5.6.7]") {
  using namespace std::chrono;
  CHECK(hawser::encode_http_date(sys_seconds{784'111'777s}) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(hawser::encode_http_date(sys_seconds{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
  for (sys_seconds time{}; time < sys_seconds{4'000'000'000s}; time += 12'345'679s) {
    CHECK(hawser::decode_http_date(hawser::encode_http_date(time), sys_seconds{}) == time);
  }
}

}  // namespace
