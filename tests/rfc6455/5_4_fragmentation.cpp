// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
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

byte_vector fragments(role from, opcode op, const std::vector<std::string_view>& payloads) {
  byte_vector wire;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const auto end = i + 1 == payloads.size() ? fin::yes : fin::no;
    wire = wire + frame_from(from, i == 0 ? op : opcode::continuation, payloads[i], end);
  }
  return wire;
}

TEST_CASE("fragments make one message", "[rfc-5.4][autobahn-5.3][autobahn-5.4][autobahn-5.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(story_of(own_role, fragments(from, opcode::text, {"fragment1", "fragment2"})) ==
        lines{"text \"fragment1fragment2\""});
  CHECK(story_of(own_role, fragments(from, opcode::binary, {"a", "b", "c", "d"})) ==
        lines{"binary \"abcd\""});
}

TEST_CASE("empty fragments have no effect", "[rfc-5.4][autobahn-6.1.2][autobahn-6.1.3]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto op = GENERATE(opcode::text, opcode::binary);
  const std::string kind = op == opcode::text ? "text " : "binary ";
  CHECK(story_of(own_role, fragments(from, op, {"", "", ""})) == lines{kind + "\"\""});
  CHECK(story_of(own_role, fragments(from, op, {"", "x", ""})) == lines{kind + "\"x\""});
  CHECK(story_of(own_role, fragments(from, op, {"x", "", "y"})) == lines{kind + "\"xy\""});
}

TEST_CASE("messages follow each other, fragmented or not", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(story_of(own_role, fragments(from, opcode::text, {"a", "b"}) +
                               frame_from(from, opcode::binary, "c") +
                               fragments(from, opcode::binary, {"", "d"}) +
                               fragments(from, opcode::text, {"e", ""}) +
                               frame_from(from, opcode::text, "")) ==
        lines{"text \"ab\"", "binary \"c\"", "binary \"d\"", "text \"e\"", "text \"\""});
}

TEST_CASE("control frames between fragments are handled at once",
          "[rfc-5.4][rfc-5.5][autobahn-5.6][autobahn-5.7][autobahn-5.8]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto ping_payload = std::string(125, 'p');
  const auto input =
      frame_from(from, opcode::text, "fragment1", fin::no) +
      frame_from(from, opcode::ping, ping_payload) + frame_from(from, opcode::pong, "unasked") +
      frame_from(from, opcode::continuation, "", fin::no) + frame_from(from, opcode::ping, "") +
      frame_from(from, opcode::continuation, "fragment2");
  const auto big = shown(as_bytes(ping_payload));
  CHECK(story_of(own_role, input) == lines{"ping " + big, "pong \"unasked\"", "ping \"\"",
                                           "text \"fragment1fragment2\"", "> pong " + big,
                                           "> pong \"\""});
}

TEST_CASE("a ping inside a message is answered before the message ends",
          "[rfc-5.4][rfc-5.5.2][autobahn-5.19][autobahn-5.20]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  CHECK(feed(peer, frame_from(from, opcode::text, "fragment1", fin::no) +
                       frame_from(from, opcode::continuation, "fragment2", fin::no) +
                       frame_from(from, opcode::ping, "pongme 1!")) == lines{"ping \"pongme 1!\""});
  CHECK(frames_shown(written_by(peer)) == lines{"pong \"pongme 1!\""});
  CHECK(feed(peer, frame_from(from, opcode::continuation, "fragment3", fin::no) +
                       frame_from(from, opcode::ping, "pongme 2!")) == lines{"ping \"pongme 2!\""});
  CHECK(frames_shown(written_by(peer)) == lines{"pong \"pongme 2!\""});
  CHECK(feed(peer, frame_from(from, opcode::continuation, "fragment4")) ==
        lines{"text \"fragment1fragment2fragment3fragment4\""});
}

TEST_CASE("a continuation without a message fails the connection",
          "[rfc-5.4][autobahn-5.9][autobahn-5.10][autobahn-5.11][autobahn-5.12][autobahn-5.13]"
          "[autobahn-5.14][autobahn-5.16][autobahn-5.17]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto end = GENERATE(fin::no, fin::yes);
  const auto lone = frame_from(from, opcode::continuation, "lone", end);
  const auto refused = failed(close_code::protocol_error, errc::unexpected_continuation);
  CHECK(story_of(own_role, lone + frame_from(from, opcode::text, "Hello")) == refused);
  CHECK(story_of(own_role, lone + fragments(from, opcode::text, {"a", "b"}) + lone) == refused);
}

TEST_CASE("a continuation after the last fragment fails the connection",
          "[rfc-5.4][autobahn-5.15]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(story_of(own_role, fragments(from, opcode::text, {"a", "b"}) +
                               frame_from(from, opcode::continuation, "c", fin::no) +
                               frame_from(from, opcode::text, "d")) ==
        failed(close_code::protocol_error, errc::unexpected_continuation, {"text \"ab\""}));
  CHECK(story_of(own_role, frame_from(from, opcode::text, "a") +
                               frame_from(from, opcode::continuation, "c")) ==
        failed(close_code::protocol_error, errc::unexpected_continuation, {"text \"a\""}));
}

TEST_CASE("a new message before the end of an unfinished one fails the connection",
          "[rfc-5.4][autobahn-5.18]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto op = GENERATE(opcode::text, opcode::binary);
  const auto end = GENERATE(fin::no, fin::yes);
  CHECK(story_of(own_role, frame_from(from, opcode::text, "fragment1", fin::no) +
                               frame_from(from, op, "fragment2", end)) ==
        failed(close_code::protocol_error, errc::expected_continuation));
}

TEST_CASE("a Close between fragments drops the message and closes cleanly",
          "[rfc-5.4][rfc-5.5.1][autobahn-7.1.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(story_of(own_role, frame_from(from, opcode::text, "fragment1", fin::no) +
                               close_from(from, 1000, "bye") +
                               frame_from(from, opcode::continuation, "fragment2")) ==
        lines{"closed{1000, clean, \"bye\"}", "> close 1000"});
}

TEST_CASE("a message may have as many frames as the limit, empty ones included", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  connection_options options;
  options.max_frames = GENERATE(as<std::uint64_t>{}, 1, 2, 7);
  byte_vector wire =
      frame_from(from, opcode::text, "", options.max_frames > 1 ? fin::no : fin::yes);
  for (std::uint64_t i = 2; i <= options.max_frames; ++i) {
    const auto end = i == options.max_frames ? fin::yes : fin::no;
    wire = wire + frame_from(from, opcode::continuation, "", end);
  }
  CHECK(story_of(own_role, wire + wire, options) == lines{"text \"\"", "text \"\""});

  auto longer = frame_from(from, opcode::text, "", fin::no);
  for (std::uint64_t i = 1; i <= options.max_frames; ++i) {
    longer = longer + frame_from(from, opcode::continuation, "", fin::no);
  }
  CHECK(story_of(own_role, longer, options) ==
        failed(close_code::message_too_big, errc::too_many_fragments));
}

TEST_CASE("the default allows 131072 frames in a message", "[rfc-5.4][autobahn-9.3.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  byte_vector wire = frame_from(from, opcode::binary, "", fin::no);
  const auto next = frame_from(from, opcode::continuation, "", fin::no);
  wire.reserve(131'072 * next.size());
  for (int i = 1; i < 131'072; ++i) wire.insert(wire.end(), next.begin(), next.end());
  test_connection<> peer{own_role};
  CHECK(feed(peer, wire).empty());
  CHECK(feed(peer, next) == lines{"closed{1009, the message has too many frames}"});
}

TEST_CASE("fragments are sent as they are queued, and control frames between them", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto kind = GENERATE(message_kind::text, message_kind::binary);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send_part(kind, as_bytes("a"), part::more));
  REQUIRE(!peer.send_ping(as_bytes("now")));
  REQUIRE(!peer.send_part(kind, {}, part::more));
  REQUIRE(!peer.send_part(kind, as_bytes("bc"), part::last));
  REQUIRE(!peer.send_part(kind, as_bytes("whole"), part::last));
  CHECK(frames_shown(written_by(peer)) == lines{shown(kind) + " unfinished \"a\"", "ping \"now\"",
                                                "continuation unfinished \"\"",
                                                "continuation \"bc\"", shown(kind) + " \"whole\""});
}

TEST_CASE("nothing can be sent into an unfinished message", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send_part(message_kind::text, as_bytes("a"), part::more));
  CHECK(peer.send("x") == errc::message_unfinished);
  CHECK(peer.send(std::string(5000, 'x')) == errc::message_unfinished);
  CHECK(peer.send(byte_vector(5000)) == errc::message_unfinished);
  CHECK(peer.send_part(message_kind::binary, {}, part::more) == errc::message_unfinished);
  CHECK(peer.send_part(message_kind::binary, {}, part::last) == errc::message_unfinished);
  REQUIRE(!peer.send_part(message_kind::text, as_bytes("b"), part::last));
  REQUIRE(!peer.send("c"));
  CHECK(frames_shown(written_by(peer)) ==
        lines{"text unfinished \"a\"", "continuation \"b\"", "text \"c\""});
}

TEST_CASE("a text's fragments may be cut inside a code point, the text may not", "[rfc-5.6]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  const auto euro = "e2 82 ac"_b;
  REQUIRE(!peer.send_part(message_kind::text, bytes_view{euro}.first(1), part::more));
  CHECK(peer.send_part(message_kind::text, {}, part::last) == errc::invalid_utf8);
  CHECK(peer.send_part(message_kind::text, as_bytes("x"), part::more) == errc::invalid_utf8);
  REQUIRE(!peer.send_part(message_kind::text, bytes_view{euro}.subspan(1), part::last));
  CHECK(frames_shown(written_by(peer)) == lines{"text unfinished e2", "continuation 82ac"});
  CHECK(peer.send_part(message_kind::text, bytes_view{euro}.first(2), part::last) ==
        errc::invalid_utf8);
  REQUIRE(!peer.send_part(message_kind::binary, bytes_view{euro}.first(2), part::last));
}

TEST_CASE("a close during a fragmented message ends it", "[rfc-5.4][rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send_part(message_kind::text, as_bytes("a"), part::more));
  REQUIRE(!peer.close());
  CHECK(peer.send_part(message_kind::text, as_bytes("b"), part::last) == errc::closed);
  CHECK(frames_shown(written_by(peer)) == lines{"text unfinished \"a\"", "close 1000"});
}

TEST_CASE("a message is reported in parts as it arrives", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  connection_options options;
  options.deliver = delivery::parts;
  test_connection<> peer{own_role, options};
  auto first = header_from(from, 1, 6, fin::no);
  mutable_bytes input{first};
  CHECK(shown(peer.next(input)) == "nothing");
  auto some = frame_from(from, opcode::text, "abcdef", fin::no);
  some.erase(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(first.size()));
  input = mutable_bytes{some}.first(2);
  CHECK(shown(peer.next(input)) == "text part first \"ab\"");
  input = mutable_bytes{some}.subspan(2);
  CHECK(shown(peer.next(input)) == "text part \"cdef\"");
  auto last = frame_from(from, opcode::continuation, "");
  input = last;
  CHECK(shown(peer.next(input)) == "text part last \"\"");
  auto whole = frame_from(from, opcode::binary, "x");
  input = whole;
  CHECK(shown(peer.next(input)) == "binary part first last \"x\"");
  CHECK(shown(peer.next(input)) == "nothing");
}

}  // namespace
