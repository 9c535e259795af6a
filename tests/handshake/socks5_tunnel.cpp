// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/socks5_tunnel.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::errc;
using hawser::proxy;
using hawser::socks5_reply;
using hawser::socks5_tunnel;
using hawser::uri;
using socks5_status = socks5_tunnel::status;

namespace {

const uri socks5_target = *uri::decode("wss://example.com/chat");
const proxy socks5_proxy = *proxy::decode("socks5://proxy.example");
const proxy socks5_with_user = *proxy::decode("socks5://user:pass@proxy.example");

const std::string socks5_greeting = "050100";
const std::string socks5_greeting_with_user = "05020002";
const std::string credentials =
    "010475736572"
    "0470617373";
const std::string connect_request =
    "05010003"
    "0b6578616d706c652e636f6d"
    "01bb";
const std::string socks5_bound =
    "01"
    "c0000201"
    "1234";

std::string text_of(std::string_view digits) { return text(from_hex(digits)); }

/// Consumes the output and returns it.
std::string drain(socks5_tunnel& tunnel) {
  const auto written = to_hex(tunnel.output());
  tunnel.consume_output(tunnel.output().size());
  return written;
}

/// Passes the bytes given by the hexadecimal `digits`, and returns the rest of the input.
std::string give_hex(socks5_tunnel& tunnel, std::string_view digits) {
  const auto data = from_hex(digits);
  hawser::bytes_view input{data};
  tunnel.next(input);
  return to_hex(input);
}

/// A tunnel whose request has been sent.
socks5_tunnel requested(const uri& where = socks5_target) {
  socks5_tunnel tunnel{where, socks5_proxy};
  drain(tunnel);
  give_hex(tunnel, "0500");
  drain(tunnel);
  return tunnel;
}

TEST_CASE("without credentials the request follows the greeting", "[rfc1928-3][rfc1928-4]") {
  socks5_tunnel tunnel{socks5_target, socks5_proxy};
  CHECK(drain(tunnel) == socks5_greeting);
  give_hex(tunnel, "0500");
  CHECK(drain(tunnel) == connect_request);
  give_hex(tunnel, "050000" + socks5_bound);
  CHECK(tunnel.state() == socks5_status::done);
  CHECK(tunnel.reply() == socks5_reply::succeeded);
  CHECK(tunnel.output().empty());
}

TEST_CASE("credentials are sent to a proxy that chooses them", "[rfc1929-2]") {
  socks5_tunnel tunnel{socks5_target, socks5_with_user};
  CHECK(drain(tunnel) == socks5_greeting_with_user);
  give_hex(tunnel, "0502");
  CHECK(drain(tunnel) == credentials);
  give_hex(tunnel, "0100");
  CHECK(drain(tunnel) == connect_request);
  give_hex(tunnel, "050000" + socks5_bound);
  CHECK(tunnel.state() == socks5_status::done);
}

TEST_CASE("credentials are not sent to a proxy that does not request them", "[rfc1928-3]") {
  socks5_tunnel tunnel{socks5_target, socks5_with_user};
  CHECK(drain(tunnel) == socks5_greeting_with_user);
  give_hex(tunnel, "0500");
  CHECK(drain(tunnel) == connect_request);
}

TEST_CASE("names are resolved by the proxy, addresses are sent as addresses",
          "[rfc1928-4][rfc1928-5]") {
  const auto longest = std::string(255, 'n');
  const struct {
    std::string url;
    std::string address;
  } table[] = {
      {"ws://h",
       "03"
       "01"
       "68"
       "0050"},
      {"ws://192.0.2.1:9001",
       "01"
       "c0000201"
       "2329"},
      {"wss://[2001:db8::7]",
       "04"
       "20010db8000000000000000000000007"
       "01bb"},
      {"ws://[::ffff:192.0.2.1]:1",
       "04"
       "00000000000000000000ffffc0000201"
       "0001"},
      {"ws://192.0.2.1.example:65535",
       "03"
       "11" +
           to_hex(bytes("192.0.2.1.example")) + "ffff"},
      {"ws://127.1",
       "03"
       "05" +
           to_hex(bytes("127.1")) + "0050"},
      {"ws://" + longest,
       "03"
       "ff" +
           to_hex(bytes(longest)) + "0050"},
  };
  for (const auto& row : table) {
    CAPTURE(row.url);
    socks5_tunnel tunnel{*uri::decode(row.url), socks5_proxy};
    CHECK(drain(tunnel) == socks5_greeting);
    give_hex(tunnel, "0500");
    CHECK(drain(tunnel) == "050100" + row.address);
  }
}

TEST_CASE("requests that SOCKS cannot express fail before anything is sent", "[rfc1929-2]") {
  const auto socks = [](const std::string& user, const std::string& password) {
    return proxy{hawser::proxy_kind::socks5, "h", 1080, user, password};
  };
  const std::string most(255, 'x');
  const struct {
    uri where;
    proxy via;
    bool good;
  } table[] = {
      {socks5_target, socks(most, most), true},
      {socks5_target, socks("u", "p"), true},
      {socks5_target, socks(most + 'x', "p"), false},
      {socks5_target, socks("u", most + 'x'), false},
      {socks5_target, socks("u", ""), false},
      {socks5_target, socks("", "p"), false},
      {*uri::decode("ws://" + most), socks5_proxy, true},
      {*uri::decode("ws://" + most + "x"), socks5_proxy, false},
      {*uri::decode("ws://[:::]"), socks5_proxy, false},
  };
  for (const auto& row : table) {
    socks5_tunnel tunnel{row.where, row.via};
    CHECK(tunnel.state() == (row.good ? socks5_status::need_more : socks5_status::failed));
    CHECK(tunnel.error() == (row.good ? errc{} : errc::bad_proxy));
    CHECK(tunnel.output().empty() == !row.good);
  }
}

TEST_CASE("the longest credentials are sent completely", "[rfc1929-2]") {
  const std::string user(255, 'u');
  const std::string password(255, 'p');
  socks5_tunnel tunnel{socks5_target, {hawser::proxy_kind::socks5, "h", 1080, user, password}};
  drain(tunnel);
  give_hex(tunnel, "0502");
  CHECK(drain(tunnel) == "01ff" + to_hex(bytes(user)) + "ff" + to_hex(bytes(password)));
}

TEST_CASE("wherever the replies are cut, the bytes that follow them stay in the input",
          "[rfc1928-6]") {
  for (const auto* address : {
           "01"
           "00000000"
           "0000",
           "01"
           "c0000201"
           "1234",
           "04"
           "20010db8000000000000000000000007"
           "ffff",
           "03"
           "00"
           "0000",
           "03"
           "01"
           "68"
           "0050",
           "03"
           "05"
           "0505050505"
           "0505",
       }) {
    for (const std::string rest : {"", "16030105"}) {
      const auto answers = text_of(
          "0502"
          "0100"
          "050000" +
          std::string{address} + rest);
      for (const auto& way : segmentations(answers)) {
        CAPTURE(address, rest, way.size());
        socks5_tunnel tunnel{socks5_target, socks5_with_user};
        CHECK(to_hex(bytes(feed(tunnel, way, socks5_status::need_more))) == rest);
        CHECK(tunnel.state() == socks5_status::done);
        CHECK(tunnel.error() == errc{});
        // The output is complete although none of it was consumed in between.
        CHECK(drain(tunnel) == socks5_greeting_with_user + credentials + connect_request);
        CHECK(tunnel.fail(errc::handshake_timeout) == socks5_status::done);
      }
    }
  }
  const auto longest = text_of(
      "0500"
      "050000"
      "03"
      "ff" +
      std::string(2 * 255, '5') +
      "0000"
      "16");
  for (const auto& way : segmentations(longest)) {
    socks5_tunnel tunnel{socks5_target, socks5_proxy};
    CHECK(feed(tunnel, way, socks5_status::need_more) == "\x16");
    CHECK(tunnel.state() == socks5_status::done);
  }
}

TEST_CASE("output does not move while it is being written") {
  socks5_tunnel tunnel{socks5_target, socks5_with_user};
  const auto* pending = tunnel.output().data();
  give_hex(tunnel,
           "0502"
           "0100");
  CHECK(tunnel.output().data() == pending);
  CHECK(to_hex(tunnel.output()) == socks5_greeting_with_user + credentials + connect_request);
}

TEST_CASE("each reply of a proxy has an error", "[rfc1928-6]") {
  for (unsigned value = 1; value < 256; ++value) {
    CAPTURE(value);
    auto tunnel = requested();
    const auto byte = to_hex(std::vector{static_cast<std::byte>(value)});
    // The error is reported before the address arrives.
    CHECK(give_hex(tunnel, "05" + byte).empty());
    CHECK(tunnel.state() == socks5_status::failed);
    CHECK(tunnel.error() ==
          (value >= 3 && value <= 6 ? errc::proxy_unreachable : errc::proxy_refused));
    CHECK(static_cast<unsigned>(tunnel.reply()) == value);
    CHECK(std::error_code{tunnel.error()} == hawser::condition::handshake_rejected);
  }
}

TEST_CASE("each reply has its own description", "[rfc1928-6]") {
  std::set<std::string_view> seen;
  for (int value = 0; value <= 9; ++value) {
    const auto words = hawser::describe(static_cast<socks5_reply>(value));
    CHECK_FALSE(words.empty());
    CHECK_FALSE(words.ends_with('.'));
    CHECK(seen.insert(words).second);
  }
}

TEST_CASE("a proxy that breaks its protocol, or requires other credentials, fails the tunnel") {
  const struct {
    const proxy& via;
    std::string answers;
    errc error;
  } table[] = {
      {socks5_proxy, "04", errc::bad_proxy_answer},
      {socks5_proxy, "48", errc::bad_proxy_answer},
      {socks5_proxy, "05ff", errc::proxy_authentication},
      {socks5_with_user, "05ff", errc::proxy_authentication},
      // A method that was not offered.
      {socks5_proxy, "0502", errc::bad_proxy_answer},
      {socks5_with_user, "0501", errc::bad_proxy_answer},
      {socks5_proxy, "0580", errc::bad_proxy_answer},
      {socks5_with_user,
       "0502"
       "05",
       errc::bad_proxy_answer},
      {socks5_with_user,
       "0502"
       "0101",
       errc::proxy_authentication},
      {socks5_with_user,
       "0502"
       "01ff",
       errc::proxy_authentication},
      {socks5_proxy,
       "0500"
       "01",
       errc::bad_proxy_answer},
      {socks5_proxy,
       "0500"
       "050000"
       "00",
       errc::bad_proxy_answer},
      {socks5_proxy,
       "0500"
       "050000"
       "02",
       errc::bad_proxy_answer},
      {socks5_proxy,
       "0500"
       "050000"
       "05",
       errc::bad_proxy_answer},
  };
  for (const auto& row : table) {
    for (const auto& way : segmentations(text_of(row.answers + "aaaa"))) {
      CAPTURE(row.answers, way.size());
      socks5_tunnel tunnel{socks5_target, row.via};
      CHECK(to_hex(bytes(feed(tunnel, way, socks5_status::need_more))) == "aaaa");
      CHECK(tunnel.state() == socks5_status::failed);
      CHECK(tunnel.error() == row.error);
    }
  }
}

TEST_CASE("the end of the stream or a timeout before the last reply fails the tunnel") {
  const auto answers =
      "0502"
      "0100"
      "050000" +
      socks5_bound;
  for (std::size_t size = 0; size < answers.size(); size += 2) {
    CAPTURE(size);
    socks5_tunnel ended{socks5_target, socks5_with_user};
    give_hex(ended, answers.substr(0, size));
    CHECK(ended.receive_end() == socks5_status::failed);
    CHECK(ended.error() == errc::truncated_handshake);

    socks5_tunnel slow{socks5_target, socks5_with_user};
    give_hex(slow, answers.substr(0, size));
    CHECK(slow.fail(errc::handshake_timeout) == socks5_status::failed);
    CHECK(slow.error() == errc::handshake_timeout);
    CHECK(give_hex(slow, answers.substr(size)) == answers.substr(size));
  }
}

}  // namespace
