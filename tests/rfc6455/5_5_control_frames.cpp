// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <string>
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

byte_vector any_bytes(std::size_t size) {
  byte_vector made(size);
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<std::byte>(0xFE - i);
  return made;
}

TEST_CASE("a ping is answered with its own payload",
          "[rfc-5.5.2][rfc-5.5.3][autobahn-2.1][autobahn-2.2][autobahn-2.3][autobahn-2.4]"
          "[autobahn-2.6]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto size = GENERATE(as<std::size_t>{}, 0, 1, 10, 124, 125);
  const auto payload = any_bytes(size);
  CHECK(story_of(own_role, frame_from(peer_of(own_role), 9, payload)) ==
        lines{"ping " + shown(payload), "> pong " + shown(payload)});
}

TEST_CASE("ten pings in one read get ten pongs", "[rfc-5.5.3][autobahn-2.10][autobahn-2.11]") {
  const auto own_role = GENERATE(role::client, role::server);
  byte_vector input;
  lines expected;
  for (int i = 0; i < 10; ++i) {
    const auto payload = "payload " + std::to_string(i);
    input = input + frame_from(peer_of(own_role), opcode::ping, payload);
    expected.push_back("ping " + shown(as_bytes(payload)));
  }
  for (int i = 0; i < 10; ++i)
    expected.push_back("> pong" + expected[static_cast<std::size_t>(i)].substr(4));
  CHECK(story_of(own_role, input) == expected);
}

TEST_CASE("an unsolicited pong gets no answer",
          "[rfc-5.5.3][autobahn-2.7][autobahn-2.8][autobahn-2.9]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(story_of(own_role, frame_from(from, opcode::pong, "")) == lines{"pong \"\""});
  CHECK(story_of(own_role, frame_from(from, opcode::pong, "unsolicited") +
                               frame_from(from, opcode::ping, "ping")) ==
        lines{"pong \"unsolicited\"", "ping \"ping\"", "> pong \"ping\""});
}

TEST_CASE("a control frame with more than 125 bytes fails the connection",
          "[rfc-5.5][autobahn-2.5][autobahn-7.3.6]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto op = GENERATE(8, 9, 10);
  const auto size = GENERATE(as<std::size_t>{}, 126, 127, 65'536);
  CHECK(story_of(own_role, frame_from(peer_of(own_role), op, any_bytes(size))) ==
        failed(close_code::protocol_error, errc::control_too_long));
}

TEST_CASE("a fragmented control frame fails the connection",
          "[rfc-5.5][autobahn-5.1][autobahn-5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto op = GENERATE(opcode::close, opcode::ping, opcode::pong);
  CHECK(story_of(own_role, frame_from(from, op, "fragment1", fin::no) +
                               frame_from(from, opcode::continuation, "fragment2")) ==
        failed(close_code::protocol_error, errc::control_fragmented));
}

TEST_CASE("while the stream accepts nothing only the newest ping is answered", "[rfc-5.5.3]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("under way"));
  const auto pending = peer.output();
  const byte_vector before{pending.begin(), pending.end()};
  for (int i = 0; i < 1000; ++i) {
    feed(peer, frame_from(from, opcode::ping, "ping " + std::to_string(i)));
  }
  CHECK(peer.buffered_bytes() == before.size());
  CHECK(byte_vector{pending.begin(), pending.end()} == before);
  peer.consume_output(1);
  CHECK(peer.buffered_bytes() == before.size() - 1);
  CHECK(byte_vector{before.begin(), before.begin() + 1} + written_by(peer) ==
        before + frame_from(own_role, opcode::pong, "ping 999"));
  CHECK(peer.buffered_bytes() == 0);
}

TEST_CASE("a pong that waited is sent after output that was queued before it", "[rfc-5.5.3]") {
  test_connection<> peer{role::server};
  REQUIRE(!peer.send("first"));
  const auto size = peer.output().size();
  REQUIRE(!peer.send("second"));
  feed(peer, frame_from(role::client, opcode::ping, "?"));
  peer.consume_output(size);
  CHECK(frames_shown(written_by(peer)) == lines{"text \"second\"", "pong \"?\""});
}

TEST_CASE("a pong that waited is sent before our Close frame", "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("under way"));
  const auto size = peer.output().size();
  feed(peer, frame_from(peer_of(own_role), opcode::ping, "?"));
  REQUIRE(!peer.close());
  peer.consume_output(size);
  CHECK(frames_shown(written_by(peer)) == lines{"pong \"?\"", "close 1000"});
}

TEST_CASE("pings after our Close are neither answered nor reported", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  REQUIRE(!peer.close());
  CHECK(feed(peer, frame_from(from, opcode::ping, "?") + frame_from(from, opcode::pong, "!"))
            .empty());
  CHECK(frames_shown(written_by(peer)) == lines{"close 1000"});
}

TEST_CASE("our pings and pongs have at most 125 bytes", "[rfc-5.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  const auto most = any_bytes(125);
  REQUIRE(!peer.send_ping());
  REQUIRE(!peer.send_ping(most));
  REQUIRE(!peer.send_pong(most));
  CHECK(peer.send_ping(any_bytes(126)) == errc::control_too_long);
  CHECK(peer.send_pong(any_bytes(126)) == errc::control_too_long);
  CHECK(written_by(peer) == frame_from(own_role, 9, {}) + frame_from(own_role, 9, most) +
                                frame_from(own_role, 10, most));
}

TEST_CASE("a message continues after a control frame that is cut anywhere", "[rfc-5.4][rfc-5.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto input = frame_from(from, opcode::text, "be", fin::no) +
                     frame_from(from, opcode::ping, "ping") +
                     frame_from(from, opcode::continuation, "gin");
  for (std::size_t i = 0; i <= input.size(); ++i) {
    test_connection<> peer{own_role};
    CHECK(story_of(peer, cut_at(input, i)) ==
          lines{"ping \"ping\"", "text \"begin\"", "> pong \"ping\""});
  }
}

}  // namespace
