// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <vector>

#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

constexpr interest nothing{};
constexpr interest read_only{true, false, false};
constexpr interest read_and_write{true, true, false};
constexpr interest read_and_end{true, false, true};

TEST_CASE("a Close frame is answered with its own code",
          "[rfc-5.5.1][rfc-7.4][autobahn-7.3.3][autobahn-7.3.4][autobahn-7.7.1][autobahn-7.7.2]"
          "[autobahn-7.7.3][autobahn-7.7.4][autobahn-7.7.5][autobahn-7.7.6][autobahn-7.7.7]"
          "[autobahn-7.7.9][autobahn-7.7.10][autobahn-7.7.11][autobahn-7.7.12][autobahn-7.7.13]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto code = GENERATE(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000,
                             3999, 4000, 4999);
  const auto number = std::to_string(code);
  CHECK(story_of(own_role, close_from(peer_of(own_role), code)) ==
        lines{"closed{" + number + ", clean}", "> close " + number});
  CHECK(story_of(own_role, close_from(peer_of(own_role), code, "why")) ==
        lines{"closed{" + number + ", clean, \"why\"}", "> close " + number});
}

TEST_CASE("a server does not send 1010 back, which only clients may send",
          "[rfc-7.4.1][autobahn-7.7.8]") {
  CHECK(story_of(role::server, close_from(role::client, 1010)) ==
        lines{"closed{1010, clean}", "> close 1000"});
  CHECK(story_of(role::client, close_from(role::server, 1010)) ==
        lines{"closed{1010, clean}", "> close 1010"});
}

TEST_CASE("a Close frame without a code is answered without one",
          "[rfc-5.5.1][rfc-7.1.5][autobahn-7.3.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  CHECK(story_of(own_role, frame_from(peer_of(own_role), opcode::close, "")) ==
        lines{"closed{1005, clean}", "> close"});
}

TEST_CASE("a Close frame with a code that must not be sent fails the connection",
          "[rfc-7.4][autobahn-7.9.1][autobahn-7.9.2][autobahn-7.9.3][autobahn-7.9.4]"
          "[autobahn-7.9.5][autobahn-7.9.6][autobahn-7.9.7][autobahn-7.9.8][autobahn-7.9.9]"
          "[autobahn-7.13.1][autobahn-7.13.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto code =
      GENERATE(0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65'535);
  const auto refused = failed(close_code::protocol_error, errc::bad_close_code);
  CHECK(story_of(own_role, close_from(peer_of(own_role), code)) == refused);
  CHECK(story_of(own_role, close_from(peer_of(own_role), code, "why")) == refused);
}

TEST_CASE("a Close frame with one byte fails the connection", "[rfc-5.5.1][autobahn-7.3.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  CHECK(story_of(own_role, frame_from(peer_of(own_role), opcode::close, "x")) ==
        failed(close_code::protocol_error, errc::bad_close_payload));
}

TEST_CASE("a close reason may have 123 bytes and is reported", "[rfc-5.5.1][autobahn-7.3.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  const std::string reason(123, '*');
  CHECK(story_of(own_role, close_from(peer_of(own_role), 1000, reason)) ==
        lines{"closed{1000, clean, " + shown(as_bytes(reason)) + '}', "> close 1000"});
}

TEST_CASE("a close reason that is not UTF-8 fails the connection", "[rfc-8.1][autobahn-7.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto reason = GENERATE("\xCE\xBA\xED\xA0\x80", "\xFF", "cut \xE2\x82");
  CHECK(story_of(own_role, close_from(peer_of(own_role), 1000, reason)) ==
        failed(close_code::invalid_payload, errc::invalid_utf8));
}

TEST_CASE("queued output is sent before the Close frame", "[rfc-7.1.2][autobahn-7.1.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("first"));
  REQUIRE(!peer.send(std::string(5000, 'x')));
  const bool we_begin = GENERATE(true, false);
  if (we_begin) {
    REQUIRE(!peer.close(close_code::going_away, "bye"));
  } else {
    feed(peer, close_from(from, 1001));
  }
  CHECK(frames_shown(written_by(peer)) == lines{"text \"first\"",
                                                "text " + shown(as_bytes(std::string(5000, 'x'))),
                                                we_begin ? "close 1001 \"bye\"" : "close 1001"});
}

TEST_CASE("after a Close frame input is ignored",
          "[rfc-5.5.1][autobahn-7.1.2][autobahn-7.1.3][autobahn-7.1.4][autobahn-7.1.6]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto after = GENERATE_COPY(close_from(from, 1000), frame_from(from, opcode::ping, "?"),
                                   frame_from(from, opcode::text, "late"), "ff ff ff ff ff"_b,
                                   frame_from(from, opcode::continuation, "x"));
  CHECK(story_of(own_role,
                 frame_from(from, opcode::text, "Hello") + close_from(from, 1000) + after) ==
        lines{"text \"Hello\"", "closed{1000, clean}", "> close 1000"});
}

TEST_CASE("after our Close messages are discarded until the peer's", "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto input = frame_from(from, opcode::text, "a") +
                     frame_from(from, opcode::binary, "b", fin::no) +
                     frame_from(from, opcode::ping, "?") +
                     frame_from(from, opcode::continuation, std::string(70'000, 'c')) +
                     frame_from(from, 1, "ff ff"_b) + close_from(from, 4321, "bye");
  CHECK(under_segmentations(input, [&](const pieces& cut) {
          test_connection<> peer{own_role};
          CHECK(!peer.close());
          return story_of(peer, cut);
        }) == lines{"closed{4321, clean, \"bye\"}", "> close 1000"});
}

TEST_CASE("a close in the middle of a frame discards the rest of it", "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  connection_options options;
  options.deliver = GENERATE(delivery::messages, delivery::parts);
  const auto input = frame_from(from, opcode::text, "abcdefgh", fin::no) +
                     frame_from(from, opcode::ping, "1234") +
                     frame_from(from, opcode::continuation, "ij") + close_from(from, 1000);
  for (std::size_t i = 0; i + 4 < input.size(); ++i) {
    INFO("closed after byte " << i);
    const auto cut = cut_at(input, i);
    test_connection<> peer{own_role, options};
    diary ignored;
    feed(peer, cut[0], ignored);
    REQUIRE(!peer.close(close_code::going_away));
    CHECK(feed(peer, cut[1]) == lines{"closed{1000, clean}"});
  }
}

TEST_CASE("a violation after our Close ends the handshake without a second Close", "[rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  REQUIRE(!peer.close());
  CHECK(feed(peer, frame_from(from, 3, {})) == lines{"closed{1006, the opcode is reserved}"});
  CHECK(frames_shown(written_by(peer)) == lines{"close 1000"});
}

TEST_CASE("both sides may close at once", "[rfc-7.1.3]") {
  joined both;
  REQUIRE(!both.client.close(close_code::going_away, "client"));
  REQUIRE(!both.server.close(close_code::normal, "server"));
  both.settle();
  CHECK(both.client_diary.lines() == lines{"closed{1000, clean, \"server\"}"});
  CHECK(both.server_diary.lines() == lines{"closed{1001, clean, \"client\"}"});
  CHECK(both.client.wants() == nothing);
  CHECK(both.server.wants() == nothing);
}

TEST_CASE("whichever side closes, both sides get an event, and both streams end",
          "[rfc-7.1.2][rfc-7.1.4]") {
  const auto first = GENERATE(role::client, role::server);
  joined both;
  REQUIRE(!both.at(first).send("last words"));
  REQUIRE(!both.at(first).close(static_cast<close_code>(4000), "because"));
  both.settle();
  CHECK(both.notes_of(first).lines() == lines{"closed{4000, clean}"});
  CHECK(both.notes_of(peer_of(first)).lines() ==
        lines{"text \"last words\"", "closed{4000, clean, \"because\"}"});
  CHECK(both.client.state() == close_state::ended);
  CHECK(both.server.state() == close_state::ended);
  CHECK(both.client.wants() == nothing);
  CHECK(both.server.wants() == nothing);
}

TEST_CASE("a server ends the stream first, once its Close is written", "[rfc-7.1.1]") {
  test_connection<> server{role::server};
  CHECK(server.wants() == read_only);
  feed(server, close_from(role::client, 1000));
  CHECK(server.wants() == read_and_write);
  written_by(server);
  CHECK(server.wants() == read_and_end);
  server.output_ended();
  CHECK(server.wants() == read_only);
  feed(server, bytes("whatever is still under way"));
  server.receive_end();
  CHECK(server.wants() == nothing);
}

TEST_CASE("a client waits until the server has ended the stream", "[rfc-7.1.1]") {
  test_connection<> client{role::client};
  feed(client, close_from(role::server, 1000));
  CHECK(client.wants() == read_and_write);
  written_by(client);
  CHECK(client.wants() == read_only);
  client.receive_end();
  CHECK(client.wants() == interest{false, false, true});
  client.output_ended();
  CHECK(client.wants() == nothing);
}

TEST_CASE("the answer to a Close is written even if the peer has ended the stream", "[rfc-7.1.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  feed(peer, close_from(peer_of(own_role), 1000));
  peer.receive_end();
  CHECK(peer.wants() == interest{false, true, false});
  CHECK(frames_shown(written_by(peer)) == lines{"close 1000"});
  CHECK(peer.wants() == interest{false, false, true});
  peer.output_ended();
  CHECK(peer.wants() == nothing);
}

TEST_CASE("a stream that ends without a Close frame is not clean", "[rfc-7.1.4][rfc-7.1.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool after_close = GENERATE(false, true);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("queued"));
  if (after_close) REQUIRE(!peer.close());
  peer.receive_end();
  CHECK(feed(peer, {}) == lines{"closed{1006, the peer ended the stream without a Close frame}"});
  CHECK(peer.wants() == nothing);
  CHECK(peer.output().empty());
}

TEST_CASE("the end of the stream inside a frame or a message is distinguished", "[rfc-7.1.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto input = frame_from(from, opcode::text, "whole") +
                     frame_from(from, opcode::text, "be", fin::no) +
                     frame_from(from, opcode::continuation, "gun");
  const auto whole = frame_from(from, opcode::text, "whole").size();
  for (std::size_t i = 0; i <= input.size(); ++i) {
    test_connection<> peer{own_role};
    diary ignored;
    feed(peer, cut_at(input, i)[0], ignored);
    peer.receive_end();
    const bool between = i == 0 || i == whole || i == input.size();
    CHECK(feed(peer, {}) ==
          lines{between ? "closed{1006, the peer ended the stream without a Close frame}"
                        : "closed{1006, the stream ended inside a message}"});
  }
}

TEST_CASE("after our Close it does not matter where in a message the stream ends", "[rfc-7.1.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  feed(peer, frame_from(from, opcode::text, "be", fin::no));
  REQUIRE(!peer.close());
  feed(peer, frame_from(from, opcode::continuation, "gun"));
  peer.receive_end();
  CHECK(feed(peer, {}) == lines{"closed{1006, the peer ended the stream without a Close frame}"});
}

TEST_CASE("the error of a broken stream is reported", "[rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto reset = std::make_error_code(std::errc::connection_reset);
  test_connection<> peer{own_role};
  peer.receive_end(reset);
  mutable_bytes none;
  const auto happened = peer.next(none);
  REQUIRE(happened);
  CHECK(std::get<closed>(*happened).error == reset);
  CHECK(std::get<closed>(*happened).code == close_code::abnormal);
}

TEST_CASE("the end of the stream after the handshake has no effect", "[rfc-7.1.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  CHECK(feed(peer, close_from(peer_of(own_role), 1000)) == lines{"closed{1000, clean}"});
  peer.receive_end(std::make_error_code(std::errc::connection_reset));
  CHECK(feed(peer, {}).empty());
}

TEST_CASE("nothing can be sent after a Close frame", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto how = GENERATE(0, 1, 2, 3, 4);
  test_connection<> peer{own_role};
  if (how == 0) REQUIRE(!peer.close());
  if (how == 1) feed(peer, close_from(peer_of(own_role), 1000));
  if (how == 2) feed(peer, frame_from(peer_of(own_role), 3, {}));
  if (how == 3) peer.abort();
  if (how == 4) peer.receive_end();
  written_by(peer);
  CHECK(peer.send("x") == errc::closed);
  CHECK(peer.send(std::string(5000, 'x')) == errc::closed);
  CHECK(peer.send(byte_vector(1)) == errc::closed);
  CHECK(peer.send_part(message_kind::text, {}, part::last) == errc::closed);
  CHECK(peer.send_ping() == errc::closed);
  CHECK(peer.send_pong() == errc::closed);
  CHECK(peer.close() == errc::closed);
  CHECK(peer.buffered_bytes() == 0);
}

TEST_CASE("codes and reasons that must not be sent are refused", "[rfc-7.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65'535}) {
    CHECK(peer.close(static_cast<close_code>(code)) == errc::bad_close_code);
  }
  if (own_role == role::server) {
    CHECK(peer.close(close_code::mandatory_extension) == errc::bad_close_code);
  }
  CHECK(peer.close(std::nullopt, "why") == errc::bad_close_code);
  CHECK(peer.close(close_code::normal, std::string(124, 'x')) == errc::close_reason_too_long);
  CHECK(peer.close(close_code::normal, "\xFF") == errc::invalid_utf8);
  CHECK(peer.buffered_bytes() == 0);
  CHECK(peer.state() == close_state::open);
  REQUIRE(!peer.close(close_code::normal, std::string(123, 'x')));
  CHECK(written_by(peer) == close_from(own_role, 1000, std::string(123, 'x')));
}

TEST_CASE("a close without a code sends an empty frame", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  REQUIRE(!peer.close(std::nullopt));
  CHECK(written_by(peer) == frame_from(own_role, 8, {}));
}

TEST_CASE("a peer that does not answer the Close times out", "[rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.close_timeout = 5s;
  test_connection<> peer{own_role, options};
  peer.advance(at(100s));
  REQUIRE(!peer.close());
  written_by(peer);
  CHECK(peer.deadline() == std::chrono::steady_clock::time_point::min());
  peer.advance(at(101s));
  CHECK(peer.deadline() == at(106s));
  feed(peer, frame_from(peer_of(own_role), opcode::text, "still talking"));
  peer.advance(at(106s) - 1ns);
  CHECK(feed(peer, {}).empty());
  CHECK(peer.wants() == read_only);
  peer.advance(at(106s));
  CHECK(feed(peer, {}) ==
        lines{"closed{1006, the peer did not finish the closing handshake in time}"});
  CHECK(peer.wants() == nothing);
  CHECK(peer.deadline() == std::chrono::steady_clock::time_point::max());
}

TEST_CASE("a peer that never reads our Close times out", "[rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto way = GENERATE(0, 1, 2);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("under way"));
  CHECK(!peer.output().empty());
  if (way == 0) REQUIRE(!peer.close());
  if (way == 1) feed(peer, close_from(peer_of(own_role), 1000));
  if (way == 2) feed(peer, frame_from(peer_of(own_role), 3, {}));
  peer.advance(at(0s));
  CHECK(peer.wants().write);
  CHECK(peer.deadline() == at(5s));
  peer.advance(at(5s));
  CHECK(peer.wants() == nothing);
  CHECK(peer.buffered_bytes() == 0);
}

TEST_CASE("a peer that closes, ends the stream and reads nothing times out", "[rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("under way"));
  CHECK(!peer.output().empty());
  feed(peer, close_from(peer_of(own_role), 1000));
  peer.receive_end();
  peer.advance(at(1s));
  CHECK(peer.wants().write);
  CHECK(peer.deadline() == at(6s));
  peer.advance(at(6s));
  CHECK(peer.wants() == nothing);
}

TEST_CASE("a stream whose own end takes too long is closed at the deadline", "[rfc-7.1.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  feed(peer, close_from(peer_of(own_role), 1000));
  written_by(peer);
  peer.receive_end();
  const bool done = GENERATE(true, false);
  REQUIRE(peer.wants().end_stream);
  if (done) {
    peer.output_ended();
  } else {
    peer.advance(at(1s));
    CHECK(peer.deadline() == at(6s));
    peer.advance(at(6s));
  }
  CHECK(peer.wants() == nothing);
  CHECK(peer.deadline() == (std::chrono::steady_clock::time_point::max)());
}

TEST_CASE("a client whose server never ends the stream closes it at the deadline", "[rfc-7.1.1]") {
  test_connection<> client{role::client};
  feed(client, close_from(role::server, 1000));
  written_by(client);
  client.advance(at(0s));
  CHECK(client.wants() == read_only);
  client.advance(at(5s));
  CHECK(client.wants() == nothing);
  CHECK(feed(client, {}).empty());
}

TEST_CASE("abort drops the output at once, in any state", "[rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto state =
      GENERATE(close_state::open, close_state::sent, close_state::exchanged, close_state::ended);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("under way"));
  if (state == close_state::sent) REQUIRE(!peer.close());
  if (state >= close_state::exchanged) feed(peer, close_from(peer_of(own_role), 1000));
  if (state == close_state::ended) peer.receive_end();
  REQUIRE(peer.state() == state);
  peer.abort();
  CHECK(peer.wants() == nothing);
  CHECK(peer.output().empty());
  CHECK(feed(peer, {}) == (state < close_state::exchanged
                               ? lines{"closed{1006, the connection was ended from this side}"}
                               : lines{}));
  peer.abort();
  peer.receive_end();
  CHECK(feed(peer, {}).empty());
}

TEST_CASE("there is one closed event, whatever happens afterwards", "[rfc-7.1.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto first = GENERATE(range(0, 5));
  const auto second = GENERATE(range(0, 5));
  const auto third = GENERATE(range(0, 5));
  test_connection<> peer{own_role};
  diary notes;
  const auto happen = [&](int what) {
    if (what == 0) static_cast<void>(peer.close());
    if (what == 1) feed(peer, close_from(peer_of(own_role), 1000), notes);
    if (what == 2) feed(peer, frame_from(peer_of(own_role), 3, {}), notes);
    if (what == 3) peer.receive_end();
    if (what == 4) peer.abort();
    feed(peer, byte_vector{}, notes);
  };
  for (const int what : {first, second, third, 4}) happen(what);
  CHECK(notes.lines().size() == 1);
  CHECK(peer.wants() == nothing);
}

TEST_CASE("the reason of the closed event is valid as long as the connection", "[rfc-7.1.6]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  auto wire = close_from(peer_of(own_role), 1000, "good bye");
  mutable_bytes input{wire};
  const auto happened = peer.next(input);
  wire = {};
  auto more = frame_from(peer_of(own_role), opcode::ping, "something else");
  input = more;
  CHECK(!peer.next(input));
  peer.receive_end();
  peer.abort();
  CHECK(std::get<closed>(*happened).reason == "good bye");
}

TEST_CASE("each reason that the library sends fits into a Close frame", "[rfc-5.5.1]") {
  for (int i = 1; i <= static_cast<int>(errc::connect_timeout); ++i) {
    const auto why = static_cast<errc>(i);
    INFO(shown(why));
    CHECK(describe(why).size() <= 123);
  }
}

}  // namespace
