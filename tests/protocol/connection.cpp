// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/connection.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/base/buffer_pool.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/payloads.hpp"
#include "support/peers.hpp"
#include "support/run_length.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

static_assert(takes_every_payload<sending<connection>>);

using lines = std::vector<std::string>;
using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

constexpr interest nothing{};
constexpr interest read_only{true, false, false};

connection_options with_keep_alive(duration interval, duration timeout) {
  connection_options options;
  options.keep_alive_interval = interval;
  options.keep_alive_timeout = timeout;
  return options;
}

TEST_CASE("a connection begins open, with nothing to write") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  CHECK(peer.own_role() == own_role);
  CHECK(peer.state() == close_state::open);
  CHECK(peer.wants() == read_only);
  CHECK(peer.output().empty());
  CHECK(peer.buffered_bytes() == 0);
  CHECK(feed(peer, {}).empty());
}

TEST_CASE("the peer is pinged after the interval, and the connection ends if there is no answer",
          "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(20s, 10s)};
  CHECK(peer.deadline() == at_once);
  peer.advance(at(100s));
  CHECK(peer.deadline() == at(120s));
  peer.advance(at(120s) - 1ns);
  CHECK(peer.wants() == read_only);
  peer.advance(at(120s));
  CHECK(frames_shown(written_by(peer)) == lines{"ping 0000000000000001"});
  CHECK(peer.deadline() == at(130s));
  peer.advance(at(130s) - 1ns);
  CHECK(feed(peer, {}).empty());
  peer.advance(at(130s));
  CHECK(feed(peer, {}) == lines{"closed{1006, the peer did not answer the keep-alive ping}"});
  CHECK(peer.wants() == nothing);
  CHECK(peer.deadline() == never);
}

TEST_CASE("a connection without messages is closed with 1001 after the idle timeout") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role, {.keep_alive_interval = 8s, .idle_timeout = 20s}};
  peer.advance(at(0s));
  // Pings and pongs do not count as messages.
  peer.received(at(5s));
  feed(peer, frame_from(from, opcode::ping, "?"));
  written_by(peer);
  peer.advance(at(5s));
  peer.advance(at(13s));
  CHECK(frames_shown(written_by(peer)) == lines{"ping 0000000000000001"});
  peer.received(at(19s));
  feed(peer, frame_from(from, opcode::pong, ""));
  peer.advance(at(19s));
  CHECK(peer.deadline() == at(20s));
  CHECK_FALSE(peer.lacks_input(at(20s) - 1ns));
  CHECK(peer.lacks_input(at(20s)));
  peer.advance(at(20s) - 1ns);
  CHECK(peer.wants() == read_only);
  peer.advance(at(20s));
  CHECK(frames_shown(written_by(peer)) == lines{"close 1001 \"idle for too long\""});
  CHECK(feed(peer, close_from(from, 1001)) == lines{"closed{1001, clean}"});
}

TEST_CASE("messages and pieces of them keep a connection from being idle") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto how = GENERATE(delivery::messages, delivery::parts);
  test_connection<> peer{own_role,
                         {.deliver = how, .keep_alive_interval = 0s, .idle_timeout = 20s}};
  peer.advance(at(0s));
  CHECK(peer.deadline() == at(20s));
  peer.received(at(19s));
  feed(peer, frame_from(from, opcode::text, "a"));
  CHECK(peer.deadline() == at(39s));
  diary notes;
  auto now = at(19s);
  for (const auto byte : frame_from(from, opcode::text, "a slow message")) {
    now += 19s;
    peer.received(now);
    feed(peer, byte_vector{byte}, notes);
    peer.advance(now);
    CHECK(peer.deadline() == now + 20s);
  }
  CHECK_FALSE(peer.send("b"));
  peer.advance(now + 30s);
  written_by(peer);
  peer.advance(now + 40s);
  CHECK(peer.deadline() == now + 60s);
  CHECK_FALSE(peer.send_part(message_kind::text, {}, part::last));
  written_by(peer);
  peer.advance(now + 60s);
  CHECK(peer.wants() == read_only);
  peer.resumed(now + 80s);
  CHECK(peer.wants() == read_only);
  CHECK(peer.lacks_input(now + 80s));
  peer.advance(now + 80s);
  CHECK(frames_shown(written_by(peer)) == lines{"close 1001 \"idle for too long\""});
}

TEST_CASE(
    "after a message that waits to be written, the idle timeout begins when all of it is written") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role,
                         {.keep_alive_interval = 8s, .idle_timeout = 20s, .write_timeout = 0s}};
  peer.advance(at(0s));
  CHECK_FALSE(peer.send("slow"));
  peer.advance(at(50s));
  REQUIRE(peer.output().size() > 1);
  peer.consume_output(1);
  peer.advance(at(100s));
  CHECK(peer.deadline() == never);
  written_by(peer);
  peer.advance(at(150s));
  CHECK(peer.deadline() == at(158s));
  // The output that follows does not count as a message.
  peer.advance(at(158s));
  CHECK(frames_shown(written_by(peer)) == lines{"ping 0000000000000001"});
  peer.received(at(169s));
  peer.advance(at(169s));
  CHECK(peer.deadline() == at(170s));
  peer.advance(at(170s));
  CHECK(frames_shown(written_by(peer)) == lines{"close 1001 \"idle for too long\""});
}

TEST_CASE("a refused send and a control frame do not restart the idle timeout") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, {.keep_alive_interval = 0s, .idle_timeout = 20s}};
  peer.advance(at(0s));
  std::error_code refused;
  std::string invalid = "\xFF";
  SECTION("text that is not UTF-8") { refused = peer.send(std::string_view{invalid}); }
  SECTION("text that is not UTF-8, given away") { refused = peer.send(std::move(invalid)); }
  SECTION("a prepared message that is not UTF-8") {
    refused = peer.send(prepared_message{invalid});
  }
  SECTION("a part that is not UTF-8") {
    refused = peer.send_part(message_kind::text, as_bytes(invalid), part::more);
  }
  SECTION("a ping that is too long") { refused = peer.send_ping(byte_vector(126)); }
  SECTION("a pong that is too long") { refused = peer.send_pong(byte_vector(126)); }
  SECTION("a ping") { CHECK_FALSE(peer.send_ping()); }
  SECTION("a pong") { CHECK_FALSE(peer.send_pong()); }
  SECTION("a close with a code that must not be sent") {
    refused = peer.close(close_code::abnormal);
  }
  SECTION("another message while a fragmented one is under way") {
    CHECK_FALSE(peer.send_part(message_kind::text, as_bytes("begun"), part::more));
    written_by(peer);
    peer.advance(at(0s));
    SECTION("a view") { refused = peer.send("whole"); }
    SECTION("a payload given away") { refused = peer.send(std::string("whole")); }
    SECTION("a prepared message") { refused = peer.send(prepared_message{"whole"}); }
    SECTION("a part of another kind") {
      refused = peer.send_part(message_kind::binary, {}, part::last);
    }
    SECTION("a part that is not UTF-8") {
      refused = peer.send_part(message_kind::text, as_bytes(invalid), part::last);
    }
    CHECK(refused);
  }
  written_by(peer);
  peer.advance(at(19s));
  CHECK(peer.deadline() == at(20s));
  peer.advance(at(20s));
  CHECK(frames_shown(written_by(peer)) == lines{"close 1001 \"idle for too long\""});
}

TEST_CASE("a message that makes no progress fails the connection, although pongs arrive",
          "[abuse]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto how = GENERATE(delivery::messages, delivery::parts);
  test_connection<> peer{own_role, {.deliver = how, .message_timeout = 60s}};
  peer.advance(at(0s));
  diary notes;
  const auto feed_at = [&](time_point now, byte_vector input) {
    peer.received(now);
    feed(peer, std::move(input), notes);
    peer.advance(now);
  };
  const auto begin = frame_from(from, opcode::text, "begun", fin::no);
  const auto empty = frame_from(from, opcode::continuation, "", fin::no);
  SECTION("the first frame is cut") {
    feed_at(at(1s), byte_vector{begin.begin(), begin.end() - 2});
    for (auto now = at(10s); now < at(61s); now += 10s) {
      feed_at(now, {});
      CHECK(peer.state() == close_state::open);
    }
  }
  SECTION("between its frames there are control frames and empty frames") {
    feed_at(at(1s), begin);
    for (auto now = at(10s); now < at(61s); now += 10s) {
      feed_at(now, frame_from(from, opcode::pong, "alive") + empty);
      CHECK(peer.state() == close_state::open);
    }
  }
  SECTION("its only frame so far is empty") {
    feed_at(at(1s), frame_from(from, opcode::text, "", fin::no));
  }
  SECTION("it began with the progress of another one") {
    feed_at(at(0s), frame_from(from, opcode::text, "whole"));
    feed_at(at(1s), begin);
  }
  CHECK(peer.deadline() <= at(61s));
  peer.advance(at(61s) - 1ns);
  CHECK(peer.state() == close_state::open);
  peer.advance(at(61s));
  CHECK(frames_shown(written_by(peer)).back() == "close 1008 \"a message made no progress\"");
  feed(peer, {}, notes);
  CHECK(notes.lines().back() == "closed{1008, a message made no progress}");
}

TEST_CASE("a message may take any time as long as its payload keeps arriving") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto how = GENERATE(delivery::messages, delivery::parts);
  test_connection<> peer{own_role, {.deliver = how, .message_timeout = 60s}};
  peer.advance(at(0s));
  diary notes;
  auto now = at(0s);
  const auto header = header_from(from, 2, 100);
  feed(peer, byte_vector{header.begin(), header.end()}, notes);
  for (int i = 0; i < 99; ++i) {
    now += 59s;
    peer.received(now);
    feed(peer, byte_vector{std::byte{0}}, notes);
    peer.advance(now);
    REQUIRE(peer.state() == close_state::open);
  }
  peer.received(now);
  feed(peer, byte_vector{std::byte{0}}, notes);
  // A connection without a message has no such deadline.
  for (const auto end = now + 200s; now < end; now += 19s) {
    peer.received(now);
    peer.advance(now);
    REQUIRE(peer.state() == close_state::open);
  }
}

TEST_CASE("a turn ends after its number of events, and the next one continues", "[abuse]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role, {.turn = {.bytes = 0, .events = 3}}};
  byte_vector input;
  for (int i = 0; i < 4; ++i) {
    input = std::move(input) + frame_from(from, opcode::text, std::to_string(i)) +
            frame_from(from, opcode::ping, "?");
  }
  mutable_bytes rest{input};
  std::vector<std::size_t> turns;
  diary notes;
  do {
    peer.begin_turn();
    const auto before = notes.lines().size();
    while (const auto happened = peer.next(rest)) notes.note(*happened);
    turns.push_back(notes.lines().size() - before);
  } while (peer.has_more_work());
  CHECK(rest.empty());
  CHECK(turns == std::vector<std::size_t>{3, 3, 2});
  CHECK(notes.lines().size() == 8);
}

TEST_CASE("control frames can be taken alone, up to the next message, wherever they are cut",
          "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  auto first = frame_from(from, opcode::text, "first", fin::no);
  CHECK(feed(peer, first).empty());
  diary notes;
  auto control = frame_from(from, opcode::ping, "1") + frame_from(from, opcode::pong, "2");
  for (auto& byte : control) {
    mutable_bytes one{&byte, 1};
    while (const auto happened = peer.next_control(one)) notes.note(*happened);
    CHECK(one.empty());
  }
  CHECK(notes.lines() == lines{"ping \"1\"", "pong \"2\""});
  auto data = frame_from(from, opcode::continuation, "!");
  mutable_bytes rest{data};
  CHECK_FALSE(peer.next_control(rest));
  CHECK(rest.size() == data.size());
  CHECK(feed(peer, data) == lines{"text \"first!\""});
  auto close = close_from(from, 1001);
  rest = close;
  const auto end = peer.next_control(rest);
  REQUIRE(end);
  CHECK(std::get<closed>(*end).code == close_code::going_away);
  CHECK(peer.state() == close_state::exchanged);
  CHECK_FALSE(peer.next_control(rest));
}

TEST_CASE("a Close frame is found behind messages that were not taken", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  const auto messages = frame_from(from, opcode::text, "first", fin::no) +
                        frame_from(from, opcode::ping, "") +
                        frame_from(from, opcode::continuation, std::string(200, 'x'));
  const auto all = messages + close_from(from, 1000);
  for (const std::size_t taken : {0u, 1u, 9u}) {
    test_connection<> other{own_role};
    (void)feed(other, byte_vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(taken)));
    for (auto size = taken; size <= all.size(); ++size) {
      const auto unread = bytes_view{all}.subspan(taken, size - taken);
      const std::size_t head = from == role::client ? 6 : 2;
      CHECK(other.close_follows(unread) == (size >= messages.size() + head));
    }
  }
  CHECK(peer.close_follows(messages + frame_from(from, 11, {})));
}

TEST_CASE("a turn ends inside a message that takes long to decode", "[abuse]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto how = GENERATE(delivery::messages, delivery::parts);
  constexpr std::size_t size = 100'000;
  constexpr std::size_t limit = 10'000;
  const auto cut = GENERATE(std::size_t{1}, std::size_t{100}, std::size_t{100'000});
  test_connection<run_length> peer{own_role,
                                   {.deliver = how, .turn = {.bytes = limit, .events = 0}}};
  const byte_vector message(size, std::byte{'x'});
  auto wire = frame_from(peer_of(own_role), 2, run_length_of(message), fin::yes, 4) +
              frame_from(peer_of(own_role), opcode::text, "next");
  diary notes;
  std::size_t turns = 0;
  for (std::size_t taken = 0; taken < wire.size(); taken += cut) {
    auto rest = mutable_bytes{wire}.subspan(taken, (std::min)(cut, wire.size() - taken));
    do {
      ++turns;
      peer.begin_turn();
      while (const auto happened = peer.next(rest)) {
        // With delivery in parts, an event contains only what was decoded in this turn.
        if (const auto* part = std::get_if<message_part>(&*happened)) {
          REQUIRE(part->payload.size() <= 4096);
        }
        notes.note(*happened);
      }
    } while (peer.has_more_work());
    REQUIRE(rest.empty());
  }
  CHECK(turns >= size / (limit + 4096));
  CHECK(notes.lines() ==
        lines{shown(message_view{message_kind::binary, message}), "text \"next\""});
}

TEST_CASE("a connection without turns takes all of its input at once") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<run_length> peer{own_role, {.turn = {.bytes = 1, .events = 1}}};
  byte_vector input;
  for (int i = 0; i < 1000; ++i) {
    input = std::move(input) +
            frame_from(peer_of(own_role), 2, run_length_of(byte_vector(1000)), fin::yes, 4);
  }
  CHECK(feed(peer, std::move(input)).size() == 1000);
  CHECK_FALSE(peer.has_more_work());
}

TEST_CASE("a closed event ends the work of a turn", "[abuse]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role, {.turn = {.bytes = 0, .events = 1}}};
  auto input = frame_from(from, opcode::text, "a") + frame_from(from, opcode::text, "b");
  mutable_bytes rest{input};
  peer.begin_turn();
  CHECK(peer.next(rest));
  CHECK_FALSE(peer.next(rest));
  CHECK(peer.has_more_work());
  peer.abort();
  const auto end = peer.next(rest);
  REQUIRE(end);
  CHECK(std::holds_alternative<closed>(*end));
  CHECK_FALSE(peer.has_more_work());
  CHECK(rest.empty());
}

TEST_CASE("the answer to the keep-alive gives the round-trip time", "[rfc-5.5.3]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(20s, 10s)};
  peer.advance(at(0s));
  peer.advance(at(20s));
  const auto payload = frames_in(written_by(peer)).front().payload;
  peer.advance(at(20s + 30ms));
  auto answer = frame_from(peer_of(own_role), 10, payload);
  mutable_bytes input{answer};
  const auto happened = peer.next(input);
  REQUIRE(happened);
  CHECK(std::get<pong>(*happened).round_trip == 30ms);
  peer.advance(at(21s));
  CHECK(peer.deadline() == at(41s));
}

TEST_CASE("each keep-alive ping has a payload of its own", "[rfc-5.5.2]") {
  test_connection<> peer{role::server, with_keep_alive(20s, 10s)};
  byte_vector before;
  for (int i = 0; i < 3; ++i) {
    peer.advance(at(i * 100s));
    peer.advance(at(i * 100s + 20s));
    const auto payload = frames_in(written_by(peer)).front().payload;
    CHECK(payload != before);
    before = payload;
    feed(peer, frame_from(role::client, 10, payload));
  }
}

TEST_CASE("any byte counts as a sign of life", "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(20s, 10s)};
  const auto message = frame_from(peer_of(own_role), opcode::text, std::string(200, 'x'));
  auto now = at(0s);
  diary notes;
  for (const auto byte : message) {
    peer.advance(now);
    CHECK(peer.deadline() == now + 20s);
    now += 19s;
    peer.advance(now);
    CHECK(peer.wants() == read_only);
    feed(peer, byte_vector{byte}, notes);
  }
  CHECK(notes.lines() == lines{"text " + shown(as_bytes(std::string(200, 'x')))});
}

TEST_CASE("a byte after the ping is an answer", "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(20s, 10s)};
  peer.advance(at(0s));
  peer.advance(at(20s));
  written_by(peer);
  feed(peer, byte_vector{frame_from(peer_of(own_role), opcode::text, "x")[0]});
  peer.advance(at(30s));
  CHECK(feed(peer, {}).empty());
  CHECK(peer.deadline() == at(50s));
}

TEST_CASE("bytes that arrived while the driver was busy count as a sign of life", "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(20s, 10s)};
  peer.advance(at(0s));
  peer.advance(at(20s));
  written_by(peer);
  peer.received(at(1h));
  peer.advance(at(1h));
  CHECK(peer.state() == close_state::open);
  CHECK(peer.deadline() == at(1h + 20s));
}

TEST_CASE("a write that is accepted at once does not delay the keep-alive", "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool looks_meanwhile = GENERATE(true, false);
  test_connection<> peer{own_role, with_keep_alive(20s, 60s)};
  lines frames;
  for (const auto now : {at(0s), at(10s), at(25s), at(40s)}) {
    peer.advance(now);
    CHECK_FALSE(peer.send("x"));
    // The time passes while the output is written.
    if (looks_meanwhile) peer.advance(now);
    if (looks_meanwhile) peer.advance(now + 1ms);
    for (const auto& frame : frames_shown(written_by(peer))) frames.push_back(frame);
    if (looks_meanwhile) peer.advance(now + 2ms);
  }
  CHECK(frames ==
        lines{"text \"x\"", "text \"x\"", "ping 0000000000000001", "text \"x\"", "text \"x\""});
}

TEST_CASE("a write that is accepted at once does not delay the timeout of a silent peer",
          "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(20s, 10s)};
  auto now = at(0s);
  for (; peer.state() == close_state::open && now < at(60s); now += 1s) {
    peer.advance(now);
    if (peer.send("x")) break;
    peer.advance(now);
    peer.advance(now + 1ms);
    written_by(peer);
  }
  CHECK(now == at(30s));
  CHECK(feed(peer, {}) == lines{"closed{1006, the peer did not answer the keep-alive ping}"});
}

TEST_CASE("before a driver has looked for input, a ping is sent, but no answer is overdue",
          "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(20s, 10s)};
  peer.resumed(at(0s));
  CHECK(peer.deadline() == at(20s));
  peer.resumed(at(20s));
  CHECK(frames_shown(written_by(peer)) == lines{"ping 0000000000000001"});
  CHECK(peer.deadline() == at(30s));
  CHECK_FALSE(peer.lacks_input(at(30s) - 1ns));
  peer.resumed(at(30s));
  CHECK(peer.lacks_input(at(30s)));
  CHECK(peer.deadline() == at(40s));
  peer.resumed(at(1h));
  CHECK(peer.deadline() == at(1h + 10s));
  CHECK(peer.wants() == read_only);
  SECTION("the answer is found") {
    peer.received(at(1h));
    CHECK(peer.deadline() == at_once);
    peer.advance(at(1h));
    CHECK(peer.deadline() == at(1h + 20s));
  }
  SECTION("there is none") {
    peer.advance(at(1h));
    CHECK(feed(peer, {}) == lines{"closed{1006, the peer did not answer the keep-alive ping}"});
  }
}

TEST_CASE("the keep-alive can be switched off") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(0s, 10s)};
  peer.advance(at(0s));
  CHECK(peer.deadline() == never);
  peer.advance(at(10'000h));
  CHECK(peer.wants() == read_only);
}

TEST_CASE("times without end do not overflow") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options = with_keep_alive(duration::max(), duration::max());
  options.close_timeout = duration::max();
  options.write_timeout = duration::max();
  test_connection<> peer{own_role, options};
  peer.advance(at(1h));
  CHECK(peer.deadline() == never);
  REQUIRE(!peer.send("x"));
  peer.advance(at(2h));
  CHECK(peer.deadline() == never);
  peer.advance(at(20'000h));
  CHECK(peer.state() == close_state::open);
  written_by(peer);
  REQUIRE(!peer.close());
  peer.advance(at(20'001h));
  CHECK(peer.deadline() == never);
  peer.advance(at(90'000h));
  CHECK(peer.state() == close_state::sent);
}

TEST_CASE("after a jump of the time a peer is pinged before the connection ends", "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(20s, 10s)};
  peer.advance(at(0s));
  peer.advance(at(1000h));
  CHECK(frames_shown(written_by(peer)) == lines{"ping 0000000000000001"});
  CHECK(peer.deadline() == at(1000h + 10s));
}

TEST_CASE("time that goes backwards does no harm") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, with_keep_alive(20s, 10s)};
  peer.advance(at(100s));
  peer.advance(at(50s));
  CHECK(peer.deadline() == at(120s));
  CHECK(feed(peer, {}).empty());
}

TEST_CASE("output that the peer does not read ends the connection to the nanosecond") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.write_timeout = 7s;
  test_connection<> peer{own_role, options};
  peer.advance(at(0s));
  REQUIRE(!peer.send("x"));
  CHECK(peer.deadline() == at_once);
  peer.advance(at(1s));
  // The deadline is earlier than the timeout, so that the driver checks for progress.
  CHECK(peer.deadline() == at(1s) + 875ms);
  peer.advance(at(8s) - 1ns);
  CHECK(peer.deadline() == at(8s));
  CHECK(peer.wants().write);
  peer.advance(at(8s));
  CHECK(feed(peer, {}) == lines{"closed{1006, the peer took no data for too long}"});
  CHECK(peer.wants() == nothing);
  CHECK(peer.buffered_bytes() == 0);
}

TEST_CASE("output that the peer reads slowly keeps the connection open") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.write_timeout = 7s;
  test_connection<> peer{own_role, options};
  REQUIRE(!peer.send(std::string(1000, 'x')));
  auto now = at(0s);
  while (peer.buffered_bytes() != 0) {
    peer.advance(now);
    CHECK(peer.deadline() == now + 875ms);
    now += 6s;
    peer.advance(now);
    REQUIRE(!peer.output().empty());
    peer.consume_output(1);
  }
  CHECK(peer.state() == close_state::open);
}

TEST_CASE("output that the peer acknowledges below the stream keeps the connection open") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, {.write_timeout = 8s}};
  REQUIRE(!peer.send("x"));
  peer.advance(at(0s));
  CHECK(peer.deadline() == at(1s));
  peer.advance(at(7s));
  peer.output_moved();
  peer.advance(at(7s));
  CHECK(peer.deadline() == at(8s));
  peer.advance(at(15s) - 1ns);
  CHECK(peer.state() == close_state::open);
  peer.advance(at(15s));
  CHECK(peer.state() == close_state::ended);
}

TEST_CASE("queuing more does not count as progress") {
  test_connection<> peer{role::server};
  REQUIRE(!peer.send("x"));
  peer.advance(at(0s));
  for (int i = 1; i < 20; ++i) {
    REQUIRE(!peer.send("more"));
    peer.advance(at(i * 1s));
  }
  CHECK(peer.deadline() == at(20s));
  peer.advance(at(20s));
  CHECK(peer.state() == close_state::ended);
}

TEST_CASE("with a write timeout of zero output may wait for any time") {
  connection_options options;
  options.write_timeout = 0s;
  test_connection<> peer{role::server, options};
  REQUIRE(!peer.send("x"));
  peer.advance(at(0s));
  CHECK(peer.deadline() == never);
  peer.advance(at(1000h));
  CHECK(peer.state() == close_state::open);
}

TEST_CASE("the keep-alive does not end a living peer whose output stalls") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options = with_keep_alive(20s, 10s);
  options.write_timeout = 0s;
  test_connection<> peer{own_role, options};
  peer.advance(at(0s));
  REQUIRE(!peer.send(std::string(100, 'x')));
  for (int i = 1; i < 100; ++i) {
    peer.advance(at(i * 10s));
    CHECK(peer.deadline() == never);
  }
  CHECK(peer.state() == close_state::open);
  written_by(peer);
  peer.advance(at(1000s));
  CHECK(peer.deadline() == at(1020s));
}

TEST_CASE("a ping that cannot be written does not end the connection") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options = with_keep_alive(20s, 10s);
  options.write_timeout = 100s;
  test_connection<> peer{own_role, options};
  peer.advance(at(0s));
  peer.advance(at(20s));
  REQUIRE(peer.wants().write);
  peer.advance(at(60s));
  CHECK(peer.state() == close_state::open);
  written_by(peer);
  peer.advance(at(70s));
  CHECK(peer.deadline() == at(80s));
}

TEST_CASE("a ping of ours measures the round trip", "[rfc-5.5.3]") {
  const auto own_role = GENERATE(role::client, role::server);
  joined both;
  auto& peer = both.at(own_role);
  peer.advance(at(1s));
  REQUIRE(!peer.send_ping(as_bytes("how long?")));
  peer.advance(at(3s));
  both.settle();
  CHECK(both.notes_of(own_role).lines() == lines{"pong \"how long?\" answered"});
  CHECK(both.notes_of(peer_of(own_role)).lines() == lines{"ping \"how long?\""});
}

TEST_CASE("the round trip ends at the time at which the pong arrived", "[rfc-5.5.3]") {
  test_connection<> peer{role::client};
  peer.advance(at(1s));
  REQUIRE(!peer.send_ping(as_bytes("how long?")));
  peer.received(at(3s));
  auto answer = frame_from(role::server, opcode::pong, "how long?");
  mutable_bytes input{answer};
  const auto happened = peer.next(input);
  REQUIRE(happened);
  CHECK(std::get<pong>(*happened).round_trip == 2s);
}

TEST_CASE("a refused close has no effect", "[rfc-7.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  CHECK(peer.close(close_code::no_status) == errc::bad_close_code);
  REQUIRE(!peer.send("still open"));
  CHECK(frames_shown(written_by(peer)) == lines{"text \"still open\""});
}

TEST_CASE("after close() no message is sent, however it is given", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  REQUIRE(!peer.close());
  CHECK(peer.send("late") == errc::closed);
  CHECK(peer.send(prepared_message{"late"}) == errc::closed);
  CHECK(peer.send_part(message_kind::text, bytes("late"), part::last) == errc::closed);
  CHECK(frames_shown(written_by(peer)) == lines{"close 1000"});
}

TEST_CASE("a Close frame without a code is answered by one without a code", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  feed(peer, frame_from(peer_of(own_role), opcode::close, ""));
  CHECK(frames_shown(written_by(peer)) == lines{"close"});
}

TEST_CASE("after close() the view of the last message stays valid", "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const bool fragmented = GENERATE(false, true);
  test_connection<> peer{own_role};
  const std::string payload(GENERATE(as<std::size_t>{}, 500, 300'000), 'x');
  auto first = fragmented ? frame_from(from, opcode::text, payload.substr(0, 200), fin::no) +
                                frame_from(from, opcode::continuation, payload.substr(200))
                          : frame_from(from, opcode::text, payload);
  mutable_bytes input{first};
  const auto happened = peer.next(input);
  REQUIRE(happened);
  const auto view = std::get<message_view>(*happened);
  REQUIRE(!peer.close());
  diary notes;
  const auto more = frame_from(from, opcode::ping, "?") +
                    frame_from(from, opcode::text, "abc", fin::no) +
                    frame_from(from, opcode::continuation, std::string(70'000, 'y')) +
                    close_from(from, 1000, "bye");
  for (const auto& piece : cut_at_random(more, 7)) feed(peer, piece, notes);
  written_by(peer);
  peer.receive_end();
  peer.abort();
  peer.advance(at(1h));
  feed(peer, {}, notes);
  CHECK(view.text() == payload);
  CHECK(notes.lines() == lines{"closed{1000, clean, \"bye\"}"});
}

TEST_CASE("output does not move while more is sent and answered") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("under way"));
  const auto pending = peer.output();
  const byte_vector before{pending.begin(), pending.end()};
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(!peer.send(std::string(i % 7 == 0 ? 5000 : 30, 'x')));
    feed(peer, frame_from(from, opcode::ping, "?"));
    REQUIRE(!peer.send_ping());
  }
  feed(peer, close_from(from, 1000));
  CHECK(byte_vector{pending.begin(), pending.end()} == before);
  CHECK(peer.output().data() == pending.data());
  peer.abort();
  CHECK(byte_vector{pending.begin(), pending.end()} == before);
}

TEST_CASE("after a failed write messages that have arrived can still be read") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto reset = std::make_error_code(std::errc::connection_reset);
  test_connection<> peer{own_role};
  peer.advance(at(0s));
  REQUIRE(!peer.send("lost"));
  peer.output_failed(reset);
  // The first error is kept.
  peer.output_failed(std::make_error_code(std::errc::broken_pipe));
  CHECK(peer.wants() == read_only);
  CHECK(peer.send("x") == errc::closed);
  CHECK(peer.send_ping() == errc::closed);
  CHECK(peer.close() == errc::closed);
  CHECK(feed(peer, frame_from(from, opcode::text, "last") + frame_from(from, opcode::ping, "?")) ==
        lines{"text \"last\"", "ping \"?\""});
  CHECK(peer.wants() == read_only);
  const auto how = GENERATE(0, 1, 2, 3);
  if (how == 0) peer.receive_end();
  if (how == 1) {
    peer.advance(at(1s));
    CHECK(peer.deadline() == at(6s));
    peer.advance(at(6s));
  }
  const auto input = how == 2   ? close_from(from, 1000)
                     : how == 3 ? frame_from(from, 3, {})
                                : byte_vector{};
  auto copy = input;
  mutable_bytes rest{copy};
  const auto happened = peer.next(rest);
  REQUIRE(happened);
  const auto& why = std::get<closed>(*happened);
  CHECK(!why.clean);
  if (how == 3) {
    CHECK(why.error == errc::bad_opcode);
  } else {
    CHECK(why.error == reset);
  }
  CHECK(!peer.wants().write);
  CHECK(!peer.wants().end_stream);
  peer.receive_end();
  CHECK(peer.wants() == nothing);
  CHECK(feed(peer, {}).empty());
}

TEST_CASE("when writing fails during the closing handshake the handshake may still be complete") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  peer.advance(at(0s));
  feed(peer, close_from(from, 1000));
  peer.output_failed(std::make_error_code(std::errc::broken_pipe));
  CHECK(peer.wants() == read_only);
  peer.advance(at(1s));
  CHECK(peer.deadline() == at(6s));
  peer.receive_end();
  CHECK(peer.wants().write == false);
  CHECK(feed(peer, {}).empty());
}

TEST_CASE("an echo is sent before the connection fails", "[rfc-7.1.7][autobahn-3.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  auto wire = frame_from(from, opcode::text, "Hello") + frame_from(from, 3, {}) +
              frame_from(from, opcode::ping, "");
  mutable_bytes input{wire};
  while (const auto happened = peer.next(input)) {
    if (const auto* view = std::get_if<message_view>(&*happened)) REQUIRE(!peer.send(*view));
  }
  CHECK(frames_shown(written_by(peer)) ==
        lines{"text \"Hello\"", "close 1002 \"the opcode is reserved\""});
}

TEST_CASE("a message can be echoed from its own view, moved or not") {
  const auto from = GENERATE(role::client, role::server);
  const auto size = GENERATE(as<std::size_t>{}, 0, 10, 5000, 100'000);
  joined both;
  REQUIRE(!both.at(from).send(std::string(size, 'x')));
  auto& echo = both.at(peer_of(from));
  auto wire = written_by(both.at(from));
  for (const auto& piece : cut_at_random(wire, 3)) {
    auto copy = piece;
    mutable_bytes input{copy};
    while (const auto happened = echo.next(input)) {
      REQUIRE(!echo.send(std::get<message_view>(*happened)));
      REQUIRE(!echo.send(message{std::get<message_view>(*happened)}));
    }
  }
  both.settle();
  const auto expected = "text " + shown(as_bytes(std::string(size, 'x')));
  CHECK(both.notes_of(from).lines() == lines{expected, expected});
}

/// A side that sends random messages and records them: the other side must report the same.
template <class Extension>
class random_side {
 public:
  explicit random_side(std::mt19937& random) : random_{random} {}

  void act(test_connection<Extension>& peer) {
    const auto kind = open_                ? kind_
                      : random_() % 2 == 0 ? message_kind::text
                                           : message_kind::binary;
    switch (random_() % 6) {
      case 0:
        if (!open_) whole(peer, kind);
        break;
      case 1: {
        const auto payload = some(message_kind::binary, random_() % 126);
        REQUIRE(!peer.send_ping(payload));
        sent_lines_.push_back("ping " + shown(payload));
        break;
      }
      default: piece(peer, kind);
    }
  }

  void finish(test_connection<Extension>& peer) {
    if (open_) end(peer);
    REQUIRE(!peer.close());
  }

  const lines& sent_lines() const noexcept { return sent_lines_; }

 private:
  byte_vector some(message_kind kind, std::size_t size) {
    byte_vector made;
    while (made.size() < size) {
      const auto run = 1 + random_() % 300;
      const auto byte = static_cast<std::byte>(kind == message_kind::text ? 'a' + random_() % 26
                                                                          : random_() % 256);
      for (std::size_t i = 0; i < run && made.size() < size; ++i) made.push_back(byte);
    }
    if (kind == message_kind::text) made = made + "e2 82 ac"_b;
    return made;
  }

  std::size_t any_size() { return random_() % (random_() % 8 == 0 ? 70'000 : 300); }

  void whole(test_connection<Extension>& peer, message_kind kind) {
    const auto payload = some(kind, any_size());
    sent_lines_.push_back(shown(message_view{kind, payload}));
    if (random_() % 2 == 0) {
      REQUIRE(!peer.send(message_view{kind, payload}));
    } else if (kind == message_kind::text) {
      REQUIRE(!peer.send(text(payload)));
    } else {
      REQUIRE(!peer.send(byte_vector{payload}));
    }
  }

  void piece(test_connection<Extension>& peer, message_kind kind) {
    kind_ = kind;
    open_ = true;
    auto payload = some(kind, any_size());
    // Cut inside the last code point; the next piece begins with the rest of it.
    const auto cut = payload.size() - (std::min<std::size_t>)(payload.size(), random_() % 3);
    auto next = byte_vector{payload.begin() + static_cast<std::ptrdiff_t>(cut), payload.end()};
    payload.resize(cut);
    payload = std::exchange(rest_, next) + payload;
    REQUIRE(!peer.send_part(kind, payload, part::more));
    sent_ = sent_ + payload;
    if (random_() % 3 == 0) end(peer);
  }

  void end(test_connection<Extension>& peer) {
    REQUIRE(!peer.send_part(kind_, rest_, part::last));
    sent_lines_.push_back(shown(message_view{kind_, sent_ + std::exchange(rest_, {})}));
    sent_.clear();
    open_ = false;
  }

  std::mt19937& random_;
  lines sent_lines_;
  byte_vector sent_;
  byte_vector rest_;
  message_kind kind_ = message_kind::text;
  bool open_ = false;
};

lines without_pongs(const lines& all) {
  lines rest;
  for (const auto& line : all) {
    if (line.substr(0, 4) != "pong") rest.push_back(line);
  }
  return rest;
}

template <class Extension>
void talk(std::uint32_t seed, delivery how) {
  INFO("seed " << seed);
  std::mt19937 random{seed};
  connection_options options;
  options.deliver = how;
  options.max_message_size = 64 * 1024 * 1024;
  joined<Extension> both{options};
  random_side<Extension> client{random};
  random_side<Extension> server{random};
  for (int i = 0; i < 60; ++i) {
    client.act(both.client);
    server.act(both.server);
    both.move_from(role::client, random() % (random() % 4 == 0 ? 20'000 : 50));
    both.move_from(role::server, random() % (random() % 4 == 0 ? 20'000 : 50));
  }
  // A close discards messages that are still on their way, so all of them are delivered first.
  while (both.move_from(role::client) + both.move_from(role::server) != 0) {
  }
  client.finish(both.client);
  both.settle();
  CHECK(without_pongs(both.server_diary.lines()).size() == client.sent_lines().size() + 1);
  auto expected = client.sent_lines();
  expected.push_back("closed{1000, clean}");
  CHECK(without_pongs(both.server_diary.lines()) == expected);
  expected = server.sent_lines();
  expected.push_back("closed{1000, clean}");
  CHECK(without_pongs(both.client_diary.lines()) == expected);
  CHECK(both.client.wants() == nothing);
  CHECK(both.server.wants() == nothing);
}

TEST_CASE("one side receives what the other sends, wherever it is cut") {
  const auto how = GENERATE(delivery::messages, delivery::parts);
  for (std::uint32_t seed = 1; seed <= 40; ++seed) talk<no_extension>(seed, how);
}

TEST_CASE("one side receives what the other sends, encoded and wherever it is cut") {
  const auto how = GENERATE(delivery::messages, delivery::parts);
  for (std::uint32_t seed = 1; seed <= 40; ++seed) talk<run_length>(seed, how);
}

TEST_CASE("whatever arrives, the events do not depend on the cuts, and end once") {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto own_role = random() % 2 == 0 ? role::client : role::server;
    byte_vector input;
    for (int i = 0; i < 12; ++i) {
      // Mostly valid frames, some with one bit flipped.
      auto frame = frame_from(peer_of(own_role), static_cast<int>(random() % 11),
                              as_bytes(std::string(random() % 130, 'x')),
                              random() % 3 == 0 ? fin::no : fin::yes);
      if (random() % 5 == 0) frame[random() % 2] ^= static_cast<std::byte>(1u << random() % 8);
      input = input + frame;
    }
    const auto story = story_of<run_length>(own_role, input);
    std::size_t ends = 0;
    for (const auto& line : story) ends += line.substr(0, 6) == "closed" ? 1 : 0;
    CHECK(ends <= 1);
  }
}

/// An extension whose decoder fails with an error that is not the peer's fault.
struct failing_extension : no_extension {
  std::uint8_t reserved_bits() const noexcept { return rsv1; }
  errc decode(bytes_view& /*in*/, mutable_bytes& /*out*/, part /*position*/) const noexcept {
    return errc::aborted;
  }
};

TEST_CASE(
    "an extension that fails with an error without a close code ends the connection with 1011",
    "[rfc-7.4.1]") {
  const auto input = frame_from(role::client, 2, as_bytes(std::string("x")), fin::yes, rsv1 >> 4);
  CHECK(story_of<failing_extension>(role::server, input) ==
        failed(close_code::internal_error, errc::aborted));
}

TEST_CASE("a connection that fails for a local reason sends its code and frees what it stored",
          "[abuse]") {
  buffer_pool::clear();  // A buffer from there may be larger than it must be
  test_connection<> peer{role::server};
  CHECK(peer.stored_bytes() == 0);
  CHECK(feed(peer, frame_from(role::client, opcode::text, std::string(100'000, 'x'), fin::no))
            .empty());
  CHECK(peer.stored_bytes() >= 100'000);
  peer.fail(errc::memory_exceeded);
  CHECK(peer.stored_bytes() <= 4096);
  CHECK(feed(peer, {}) == lines{"closed{1013, the server stores too much}"});
  CHECK(frames_shown(peer.output()) == lines{"close 1013 \"the server stores too much\""});
  CHECK(peer.state() == close_state::exchanged);
}

TEST_CASE("what a connection stores is what it has on the heap for a message and its output") {
  buffer_pool::clear();  // A buffer from there may be larger than it must be
  test_connection<> peer{role::server};
  peer.send(std::string(50'000, 'x'));
  CHECK(peer.stored_bytes() >= 50'000);
  CHECK(peer.stored_bytes() <= 60'000);
  while (!peer.output().empty()) peer.consume_output(peer.output().size());
  CHECK(peer.stored_bytes() <= 4096);
}

/// The end of a connection after `input`.
closed end_after(test_connection<>& peer, byte_vector input = {}) {
  mutable_bytes rest{input};
  while (const auto happened = peer.next(rest)) {
    if (const auto* end = std::get_if<closed>(&*happened)) return *end;
  }
  return {};
}

TEST_CASE("the end names the side that began it", "[rfc-7.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  auto expected = close_origin::local;
  byte_vector input;
  SECTION("this side's Close frame") {
    peer.close();
    input = close_from(from, 1000);
  }
  SECTION("the peer's Close frame") {
    expected = close_origin::peer;
    input = close_from(from, 1000);
  }
  SECTION("the end of the stream") {
    expected = close_origin::peer;
    peer.receive_end();
  }
  SECTION("the end of the stream after this side's Close frame") {
    peer.close();
    written_by(peer);
    peer.receive_end();
  }
  SECTION("a broken stream") {
    expected = close_origin::peer;
    peer.output_failed(std::make_error_code(std::errc::broken_pipe));
    peer.abort();
  }
  SECTION("a violation") { input = frame_from(from, 3, {}); }
  SECTION("an abort") { peer.abort(); }
  const auto end = end_after(peer, input);
  CHECK(end.begun_by == expected);
  CHECK(end.unsent == 0);
}

TEST_CASE("the end counts the output that was dropped, not what is still written") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  REQUIRE_FALSE(peer.send("Hello"));
  const auto queued = peer.buffered_bytes();
  SECTION("by the end of the stream") { peer.receive_end(); }
  SECTION("by an abort") { peer.abort(); }
  SECTION("by an error of a write") {
    peer.output_failed(std::make_error_code(std::errc::broken_pipe));
    peer.receive_end();
  }
  SECTION("nothing by a closing handshake") {
    CHECK(end_after(peer, close_from(peer_of(own_role), 1000)).unsent == 0);
    return;
  }
  CHECK(end_after(peer).unsent == queued);
}

}  // namespace
