// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/ip_address.hpp"

#include <string_view>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace std::string_view_literals;
using hawser::decode_ip_address;
using hawser::decode_ipv4;
using hawser::decode_ipv6;

static_assert(decode_ipv4("192.0.2.1"));
static_assert(decode_ipv6("2001:DB8::8:800:200C:417A") ==
              decode_ipv6("2001:DB8:0:0:8:800:200C:417A"));

namespace {

TEST_CASE("an address has its bytes in network byte order", "[rfc4291-2.2]") {
  const struct {
    std::string_view text;
    std::string_view data;
  } table[] = {
      {"0.0.0.0", "00000000"},
      {"192.0.2.1", "c0000201"},
      {"255.255.255.255", "ffffffff"},
      {"::", "00000000000000000000000000000000"},
      {"::1", "00000000000000000000000000000001"},
      {"1::", "00010000000000000000000000000000"},
      {"2001:db8::7", "20010db8000000000000000000000007"},
      {"2001:DB8:0:0:8:800:200C:417A", "20010db80000000000080800200c417a"},
      {"1:2:3:4:5:6:7:8", "00010002000300040005000600070008"},
      {"1:2:3:4:5:6:7::", "00010002000300040005000600070000"},
      {"::2:3:4:5:6:7:8", "00000002000300040005000600070008"},
      {"::ffff:129.144.52.38", "00000000000000000000ffff81903426"},
      {"::13.1.68.3", "0000000000000000000000000d014403"},
      {"1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304"},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    const auto address = decode_ip_address(row.text);
    REQUIRE(address);
    CHECK(hawser::test::to_hex(address->bytes()) == row.data);
  }
}

TEST_CASE("text that only looks like an address is refused", "[rfc4291-2.2]") {
  for (const auto text : {
           ""sv,           "1"sv,
           "1.2.3"sv,      "1.2.3."sv,
           "1.2.3.4."sv,   ".1.2.3.4"sv,
           "1.2.3.4.5"sv,  "1.2.3.256"sv,
           "1.2.3.1000"sv, "01.2.3.4"sv,
           "1.2.3.00"sv,   "1..3.4"sv,
           "a.b.c.d"sv,    "1.2.3.4 "sv,
           "0x7f.0.0.1"sv, ":"sv,
           ":::"sv,        ":1"sv,
           "1:"sv,         "1:2:3:4:5:6:7"sv,
           "::1::"sv,      "1:2:3:4:5:6:7:8:9"sv,
           "::12345"sv,    "1:2:3:4::5:6:7:8"sv,
           "::g"sv,        "1:2:3:4:5:6:7:1.2.3.4"sv,
           "1.2.3.4::"sv,  "::1.2.3"sv,
           "[::1]"sv,      "::1:1.2.3.4:5"sv,
           "fe80::1%1"sv,  "1:2:3:4:5:6:7:8:"sv,
           "::1:"sv,       "1:2:3:4:5:6:7:8::"sv,
       }) {
    CAPTURE(text);
    CHECK_FALSE(decode_ip_address(text));
  }
}

TEST_CASE("two addresses share a network if their first bits agree") {
  const auto same = [](std::string_view left, std::string_view right, std::size_t bits) {
    return hawser::same_network(*decode_ip_address(left), *decode_ip_address(right), bits);
  };
  CHECK(same("10.1.2.3", "10.255.0.0", 8));
  CHECK_FALSE(same("10.1.2.3", "11.1.2.3", 8));
  CHECK(same("10.1.2.3", "11.1.2.3", 7));
  CHECK(same("1.2.3.4", "9.9.9.9", 0));
  CHECK(same("1.2.3.4", "1.2.3.4", 32));
  CHECK_FALSE(same("1.2.3.4", "1.2.3.5", 32));
  CHECK_FALSE(same("1.2.3.4", "1.2.3.4", 33));
  CHECK(same("fe80::1", "fe80::2", 126));
  CHECK_FALSE(same("fe80::1", "fe80::2", 127));
  CHECK_FALSE(same("::", "0.0.0.0", 0));
}

}  // namespace
