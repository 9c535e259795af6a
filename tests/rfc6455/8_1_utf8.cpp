// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

const std::string_view valid[] = {
    "",
    "00",
    "7f",
    "c280",
    "dfbf",
    "e0a080",
    "ed9fbf",
    "ee8080",
    "efbbbf",
    "efbfbd",
    "efbfbe",
    "efbfbf",
    "f0908080",
    "f09fbfbe",
    "f48fbfbf",
    "68656c6c6f24776f726c64",
    "68656c6c6fc2a2776f726c64",
    "68656c6c6fe282ac776f726c64",
    "68656c6c6ff0a4ada2776f726c64",
    "cebae1bdb9cf83cebcceb5",
    "48656c6c6f2dc2b540c39fc3b6c3a4c3bcc3a0c3a12d5554462d382121",
};

// The text before the byte that makes it invalid, and the text from that byte on.
struct invalid_text {
  std::string_view before;
  std::string_view from;
};

const invalid_text invalid[] = {
    {"", "80"},
    {"", "bf"},
    {"", "c0af"},
    {"", "c1bf"},
    {"", "fe"},
    {"", "ff"},
    {"", "f5808080"},
    {"", "f888808080"},
    {"", "fc8480808080"},
    {"c2", "20"},
    {"c2", "c2"},
    {"e0", "80af"},
    {"e0", "9fbf"},
    {"e1", "7f"},
    {"e180", "c0"},
    {"ed", "a080"},
    {"ed", "bfbf"},
    {"ef bf", "20"},
    {"f0", "80af"},
    {"f0", "8fbfbf"},
    {"f1", "c0"},
    {"f18080", "41"},
    {"f4", "908080"},
    {"", "f7bfbfbf"},
    {"6f 6b c3a4", "ff"},
    {"cebae1bdb9cf83cebcceb5 ed", "a080656469746564"},
    {"cebae1bdb9cf83cebcceb5 f4", "9080806564"},
};

const std::string_view unfinished[] = {
    "ce",   "cebae1", "cebae1bd", "cebae1bdb9cf", "c3",     "e0a0",     "ef",
    "efbf", "f0",     "f090",     "f09080",       "f48fbf", "48 69 c3", "cebae1bdb9cf83ce"};

TEST_CASE("valid text is reported unchanged",
          "[rfc-8.1][autobahn-6.2.1][autobahn-6.5.1][autobahn-6.5.2][autobahn-6.5.3]"
          "[autobahn-6.5.4][autobahn-6.5.5][autobahn-6.7.1][autobahn-6.7.2][autobahn-6.7.3]"
          "[autobahn-6.7.4][autobahn-6.9.1][autobahn-6.9.2][autobahn-6.9.3][autobahn-6.9.4]"
          "[autobahn-6.11.1][autobahn-6.11.2][autobahn-6.11.3][autobahn-6.11.4][autobahn-6.22.1]"
          "[autobahn-6.22.3][autobahn-6.22.34]") {
  const auto own_role = GENERATE(role::client, role::server);
  for (const auto digits : valid) {
    const auto text = from_hex(digits);
    INFO(digits);
    CHECK(story_of(own_role, frame_from(peer_of(own_role), 1, text)) ==
          lines{"text " + shown(text)});
  }
}

TEST_CASE("text may be cut into fragments at every byte",
          "[rfc-8.1][autobahn-6.2.2][autobahn-6.2.3][autobahn-6.2.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  for (const auto digits : valid) {
    const auto text = from_hex(digits);
    byte_vector wire = frame_from(peer_of(own_role), 1, {}, fin::no);
    for (const auto byte : text) {
      wire = wire + frame_from(peer_of(own_role), 0, byte_vector{byte}, fin::no);
    }
    wire = wire + frame_from(peer_of(own_role), 0, {});
    INFO(digits);
    CHECK(story_of(own_role, wire) == lines{"text " + shown(text)});
  }
}

TEST_CASE("invalid text fails the connection",
          "[rfc-8.1][autobahn-6.3.1][autobahn-6.8.1][autobahn-6.8.2][autobahn-6.11.5]"
          "[autobahn-6.12.1][autobahn-6.12.2][autobahn-6.14.1][autobahn-6.16.1][autobahn-6.16.2]"
          "[autobahn-6.17.1][autobahn-6.18.1][autobahn-6.18.2][autobahn-6.18.3][autobahn-6.20.1]"
          "[autobahn-6.20.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  for (const auto& [before, from] : invalid) {
    const auto text = from_hex(before) + from_hex(from);
    INFO(before << ' ' << from);
    CHECK(story_of(own_role, frame_from(peer_of(own_role), 1, text)) ==
          failed(close_code::invalid_payload, errc::invalid_utf8));
  }
}

TEST_CASE("invalid text fails at the first byte that makes it invalid",
          "[rfc-8.1][autobahn-6.4.1][autobahn-6.4.2][autobahn-6.4.3][autobahn-6.4.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto as_frames = GENERATE(false, true);
  const auto deliver = GENERATE(delivery::messages, delivery::parts);
  for (const auto& [before, from] : invalid) {
    const auto good = from_hex(before);
    const auto bad = byte_vector{from_hex(from).front()};
    connection_options options;
    options.deliver = deliver;
    test_connection<> peer{own_role, options};
    auto wire = frame_from(peer_of(own_role), 1, good + bad + byte_vector(1000), fin::no);
    auto start = wire.size() - 1001;
    if (as_frames) {
      wire = frame_from(peer_of(own_role), 1, good, fin::no) +
             frame_from(peer_of(own_role), 0, bad + byte_vector(1000), fin::no);
      start = wire.size() - 1001;
    }
    const auto cut = cut_at(wire, start);
    INFO(before << ' ' << from);
    feed(peer, cut[0]);
    CHECK(peer.state() == close_state::open);
    CHECK(feed(peer, byte_vector{cut[1][0]}) == lines{"closed{1007, text is not UTF-8}"});
  }
}

TEST_CASE("text that ends inside a code point fails the connection",
          "[rfc-8.1][autobahn-6.6.1][autobahn-6.6.3][autobahn-6.6.4][autobahn-6.6.6]"
          "[autobahn-6.6.8][autobahn-6.6.10][autobahn-6.14.6][autobahn-6.14.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto refused = failed(close_code::invalid_payload, errc::invalid_utf8);
  for (const auto digits : unfinished) {
    const auto text = from_hex(digits);
    INFO(digits);
    CHECK(story_of(own_role, frame_from(from, 1, text)) == refused);
    CHECK(story_of(own_role, frame_from(from, 1, text, fin::no) + frame_from(from, 0, {})) ==
          refused);
  }
}

TEST_CASE("a text is not the continuation of the text before", "[rfc-8.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(story_of(own_role, frame_from(from, 1, "c3 a4"_b) + frame_from(from, 1, "a4"_b)) ==
        failed(close_code::invalid_payload, errc::invalid_utf8, {"text c3a4"}));
}

TEST_CASE("binary messages may contain any bytes", "[rfc-5.6]") {
  const auto own_role = GENERATE(role::client, role::server);
  for (const auto& [before, from] : invalid) {
    const auto any = from_hex(before) + from_hex(from);
    CHECK(story_of(own_role, frame_from(peer_of(own_role), 2, any)) ==
          lines{"binary " + shown(any)});
  }
}

TEST_CASE("text that we send must be valid", "[rfc-8.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  for (const auto& [before, from] : invalid) {
    const auto bad = text(from_hex(before) + from_hex(from));
    CHECK(peer.send(bad) == errc::invalid_utf8);
    CHECK(peer.send(std::string{bad}) == errc::invalid_utf8);
    CHECK(peer.send_part(message_kind::text, as_bytes(bad), part::last) == errc::invalid_utf8);
    CHECK(peer.close(close_code::normal, bad) == errc::invalid_utf8);
  }
  CHECK(peer.buffered_bytes() == 0);
  CHECK(peer.state() == close_state::open);
}

}  // namespace
