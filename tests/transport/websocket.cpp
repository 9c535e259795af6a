// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/websocket.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/closings.hpp"
#include "support/far_end.hpp"
#include "support/peers.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// The messages until the end, then how it ended.
lines read_all(websocket<memory_pipe>& peer) {
  lines story;
  while (const auto message = peer.read()) story.push_back(shown(*message));
  story.push_back(shown(peer.close_reason()));
  return story;
}

TEST_CASE("messages of every length come back as they were, in both roles",
          "[rfc-5.2][rfc-5.6][autobahn-1.1.8][autobahn-1.2.8]") {
  const auto self = GENERATE(role::client, role::server);
  const auto size = GENERATE(0u, 1u, 125u, 126u, 127u, 65'535u, 65'536u, 200'000u);
  const auto cut = GENERATE(std::size_t{7}, pipe_faults::never);
  auto [here, there] = make_memory_pipe({.first = {.max_read = cut, .max_write = cut}});
  automatic_end far{std::move(there), peer_of(self)};
  far.echoes = true;
  websocket<memory_pipe> near{self, std::move(here)};
  near.stream().on_idle([&] { far.step(); });

  const std::string text(size, 'x');
  CHECK_FALSE(near.write(text));
  auto message = near.read();
  REQUIRE(message);
  CHECK(message->is_text());
  CHECK(message->text() == text);

  const octets binary(size, std::byte{0xFF});
  CHECK_FALSE(near.write(bytes_view{binary}));
  message = near.read();
  REQUIRE(message);
  CHECK_FALSE(message->is_text());
  CHECK(octets{message->payload.begin(), message->payload.end()} == binary);

  CHECK_FALSE(near.write(*message));
  message = near.read();
  REQUIRE(message);
  CHECK(message->payload.size() == size);
  CHECK_FALSE(near.close());
  CHECK(far.notes().back() == "closed{1000, clean}");
  CHECK(shown(near.close_reason()) == "closed{1000, clean}");
}

TEST_CASE("streams of single octets carry a whole conversation", "[rfc-5.2]") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {}, {.first = {.max_read = 1, .max_write = 1}}};
  const auto from = peer_of(self);
  talk.far().say(frame_from(from, opcode::text, "Hel", fin::no) +
                 frame_from(from, opcode::ping, "?") +
                 frame_from(from, opcode::continuation, "lo") + close_from(from, 1001, "bye"));
  talk.when_idle([&] {
    if (talk.far().over() || self == role::client) talk.far().hang_up();
  });
  CHECK(read_all(talk.near()) == lines{"text \"Hello\"", "closed{1001, clean, \"bye\"}"});
  CHECK(talk.far().frames() == lines{"pong \"?\"", "close 1001"});
}

TEST_CASE("octets that were read behind the handshake are frames like all others", "[rfc-4.2.2]") {
  const auto self = GENERATE(role::client, role::server);
  const auto from = peer_of(self);
  auto wire = frame_from(from, opcode::text, "first");
  // More than the driver would read at once.
  for (int i = 0; i < 1000; ++i) wire = wire + frame_from(from, opcode::text, "padding, padding");
  wire = wire + frame_from(from, opcode::text, "last");
  const auto cut = GENERATE_COPY(std::size_t{3}, std::size_t{12}, wire.size());
  const auto middle = wire.begin() + static_cast<std::ptrdiff_t>(cut);
  scripted_talk talk{self, {}, {}, octets{wire.begin(), middle}};
  talk.far().say(octets{middle, wire.end()});
  talk.far().hang_up();
  const auto story = read_all(talk.near());
  REQUIRE(story.size() == 1003);
  CHECK(story.front() == "text \"first\"");
  CHECK(story[1001] == "text \"last\"");
}

TEST_CASE("a message is read in parts as it arrives, and the rest of one as a message") {
  const auto self = GENERATE(role::client, role::server);
  const auto from = peer_of(self);
  scripted_talk talk{self};
  auto& near = talk.near();
  talk.far().say(frame_from(from, opcode::text, "one ", fin::no));
  CHECK(shown(near.read_part().value()) == "text part first \"one \"");
  talk.far().say(frame_from(from, opcode::ping, "") +
                 frame_from(from, opcode::continuation, "two ", fin::no));
  CHECK(shown(near.read_part().value()) == "text part \"two \"");
  talk.far().say(frame_from(from, opcode::continuation, "three"));
  CHECK(shown(near.read().value()) == "text \"three\"");
  talk.far().say(frame_from(from, opcode::binary, "whole"));
  CHECK(shown(near.read_part().value()) == "binary part first last \"whole\"");
}

TEST_CASE("parts of a message that is over the limit of memory are never stored", "[rfc-5.4]") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {.max_message_size = 100'000'000}};
  const auto from = peer_of(self);
  const std::string megabyte(1'000'000, '.');
  std::size_t total = 0;
  for (int i = 0; i < 50; ++i) {
    const auto op = i == 0 ? opcode::binary : opcode::continuation;
    talk.far().say(frame_from(from, op, megabyte, i == 49 ? fin::yes : fin::no));
    for (std::size_t size = 0; size < megabyte.size();) {
      const auto part = talk.near().read_part();
      REQUIRE(part);
      CHECK(part->payload.size() <= 16 * 1024);
      size += part->payload.size();
      total += part->payload.size();
    }
  }
  CHECK(total == 50'000'000);
}

TEST_CASE("a read with a time-out waits exactly so long and the connection goes on") {
  const auto self = GENERATE(role::client, role::server);
  const auto from = peer_of(self);
  scripted_talk talk{self};
  auto& near = talk.near();
  std::error_code ec;
  CHECK_FALSE(near.read(3s, ec));
  CHECK(ec == errc::read_timeout);
  CHECK(ec == condition::timeout);
  CHECK(talk.elapsed() == 3s);

  const auto wire = frame_from(from, opcode::text, "half of it");
  talk.far().say(octets{wire.begin(), wire.begin() + 8});
  CHECK_FALSE(near.read(2s, ec));
  CHECK(ec == errc::read_timeout);
  CHECK(talk.elapsed() == 5s);
  talk.far().say(octets{wire.begin() + 8, wire.end()});
  const auto whole = near.read(0s, ec);
  REQUIRE(whole);
  CHECK_FALSE(ec);
  CHECK(shown(*whole) == "text \"half of it\"");
  CHECK(talk.elapsed() == 5s);
  CHECK(near.is_open());
  CHECK_FALSE(near.write("still here"));
}

TEST_CASE("a read with a time-out of zero takes what is there") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self};
  std::error_code ec;
  CHECK_FALSE(talk.near().read(0s, ec));
  CHECK(ec == errc::read_timeout);
  talk.far().say(frame_from(peer_of(self), opcode::text, "there"));
  CHECK(shown(talk.near().read(0s, ec).value()) == "text \"there\"");
  CHECK_FALSE(ec);
  CHECK_FALSE(talk.near().read(-1s, ec));
  CHECK(ec == errc::read_timeout);
  CHECK(talk.elapsed() == 0s);
}

TEST_CASE("a read with a time-out tells the end of the connection from the end of its patience") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self};
  talk.far().hang_up();
  std::error_code ec;
  CHECK_FALSE(talk.near().read(3s, ec));
  CHECK(ec == errc::closed);
  CHECK_FALSE(talk.near().read(3s, ec));
  CHECK(ec == errc::closed);
  CHECK(talk.elapsed() == 0s);
}

TEST_CASE("a silent peer is pinged after the interval and given up when the answer is overdue",
          "[rfc-5.5.2]") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {.keep_alive_interval = 20s, .keep_alive_timeout = 7s}};
  std::optional<scripted_talk::duration> pinged;
  talk.when_idle([&] {
    if (!pinged && !talk.far().frames().empty()) pinged = talk.elapsed();
  });
  CHECK(read_all(talk.near()) ==
        lines{"closed{1006, the peer did not answer the keep-alive ping}"});
  CHECK(talk.elapsed() == 27s);
  CHECK(pinged == 20s);
  CHECK(talk.far().frames() == lines{"ping 0000000000000001"});
}

TEST_CASE("a connection that carries no message is closed at the idle time-out while it is read") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {.keep_alive_interval = 0s, .idle_timeout = 60s}};
  auto& near = talk.near();
  std::error_code ec;
  CHECK_FALSE(near.read(50s, ec));
  CHECK_FALSE(near.write("x"));
  CHECK_FALSE(near.read(50s, ec));
  CHECK(near.is_open());
  // Who was busy for long sees first what has come.
  talk.far().say(frame_from(peer_of(self), opcode::text, "there"));
  talk.advance(1h);
  CHECK(shown(near.read().value()) == "text \"there\"");
  const auto before = talk.elapsed();
  talk.when_idle([&] {
    if (talk.far().frames().size() < 2) return;
    talk.far().say(close_from(peer_of(self), 1001));
    talk.far().hang_up();
  });
  CHECK(read_all(near) == lines{"closed{1001, clean}"});
  CHECK(talk.elapsed() - before == 60s);
  CHECK(talk.far().frames() == lines{"text \"x\"", "close 1001 \"idle for too long\""});
}

TEST_CASE("a peer that answers pings stays, and the answer tells the round trip", "[rfc-5.5.3]") {
  const auto self = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe({.first = {.delay = 2s}, .second = {.delay = 3s}});
  automatic_end far{std::move(there), peer_of(self), {.keep_alive_interval = 0s}};
  websocket<memory_pipe> near{self, std::move(here), {.keep_alive_interval = 20s}};
  near.stream().on_idle([&] { far.step(); });
  std::error_code ec;
  CHECK_FALSE(near.round_trip());
  CHECK_FALSE(near.read(10min, ec));
  CHECK(ec == errc::read_timeout);
  CHECK(near.is_open());
  CHECK(near.round_trip() == 5s);
  CHECK(far.notes().size() == 24);
}

TEST_CASE("a ping is answered before the message behind it is handed over", "[rfc-5.5.2]") {
  const auto self = GENERATE(role::client, role::server);
  const auto from = peer_of(self);
  scripted_talk talk{self};
  talk.far().say(frame_from(from, opcode::ping, "1") + frame_from(from, opcode::text, "x"));
  CHECK(talk.near().read());
  CHECK(talk.far().frames() == lines{"pong \"1\""});
}

TEST_CASE("a ping carries what it is given, up to the limit", "[rfc-5.5]") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self};
  CHECK_FALSE(talk.near().ping());
  CHECK_FALSE(talk.near().ping(as_bytes("payload")));
  CHECK(talk.near().ping(octets(126)) == errc::control_too_long);
  CHECK(talk.far().frames() == lines{"ping \"\"", "ping \"payload\""});
}

TEST_CASE("text that is not UTF-8 is not sent, and the connection goes on", "[rfc-8.1]") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self};
  CHECK(talk.near().write("\xFF") == errc::invalid_utf8);
  CHECK_FALSE(talk.near().write("good"));
  CHECK(talk.far().frames() == lines{"text \"good\""});
}

// Closing

/// A websocket for check_closings().
template <std::size_t cut, bool closes>
struct closing_websocket {
  static constexpr bool virtual_time = true;

  closing_websocket(role self, const connection_options& options)
      : talk{self, options, {.first = {.max_read = cut, .max_write = cut}}} {}

  scripted_end& far() { return talk.far(); }
  lines end(const std::optional<own_close>& close) {
    if (!close) return read_all(talk.near());
    // Whoever closes may wait for the end itself or leave that to a read.
    if (!closes) CHECK_FALSE(talk.near().begin_close(close->code, close->reason));
    if (!closes) return read_all(talk.near());
    const auto ec = talk.near().close(close->code, close->reason);
    CHECK(ec == talk.near().close_reason().error);
    return {shown(talk.near().close_reason())};
  }
  std::error_code write() { return talk.near().write("x"); }
  auto elapsed() const { return talk.elapsed(); }

  scripted_talk talk;
};

TEST_CASE("a websocket ends as the table has it, whoever closes and however",
          "[rfc-5.5.1][rfc-7.1.1][rfc-7.1.2][rfc-7.1.5][rfc-7.1.7]") {
  SECTION("read to the end") { check_closings<closing_websocket<pipe_faults::never, false>>(); }
  SECTION("octet by octet") { check_closings<closing_websocket<1, false>>(); }
  SECTION("closed to the end") { check_closings<closing_websocket<pipe_faults::never, true>>(); }
}

TEST_CASE("close waits for the peer's Close and for the end of the stream",
          "[rfc-7.1.1][rfc-7.1.2]") {
  const auto self = GENERATE(role::client, role::server);
  const auto from = peer_of(self);
  scripted_talk talk{self};
  auto& far = talk.far();
  int turn = 0;
  talk.when_idle([&] {
    talk.advance(1s);
    if (++turn == 1) {
      CHECK(far.frames() == lines{"close 1000 \"bye\""});
      far.say(frame_from(from, opcode::text, "too late") + close_from(from, 1000));
    } else if (turn == 2) {
      CHECK(far.over() == (self == role::server));
      far.hang_up();
    }
  });
  CHECK_FALSE(talk.near().close(close_code::normal, "bye"));
  CHECK(far.frames().size() == 1);
  CHECK(far.over());
  CHECK(shown(talk.near().close_reason()) == "closed{1000, clean}");
  CHECK(talk.elapsed() == 2s);
  CHECK_FALSE(talk.near().is_open());
}

TEST_CASE("a code or reason that must not be sent is refused and the connection goes on",
          "[rfc-7.4]") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self};
  auto& near = talk.near();
  CHECK(near.close(close_code::abnormal) == errc::bad_close_code);
  CHECK(near.close(std::nullopt, "why") == errc::bad_close_code);
  CHECK(near.close(close_code::normal, std::string(124, 'x')) == errc::close_reason_too_long);
  CHECK(near.begin_close(close_code::normal, "\xFF") == errc::invalid_utf8);
  CHECK(near.is_open());
  CHECK_FALSE(near.write("on"));
  talk.far().say(close_from(peer_of(self), 1000));
  talk.far().hang_up();
  CHECK_FALSE(near.close(std::nullopt));
  CHECK(talk.far().frames() == lines{"text \"on\"", "close"});
}

TEST_CASE("after the end every call says so and nothing is sent") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self};
  auto& near = talk.near();
  const bool at_once = GENERATE(true, false);
  if (at_once) {
    near.close_now();
  } else {
    talk.far().hang_up();
    CHECK_FALSE(near.read());
  }
  const auto why = shown(near.close_reason());
  CHECK(why == (at_once ? "closed{1006, the connection was ended from this side}"
                        : "closed{1006, the peer ended the stream without a Close frame}"));
  CHECK(near.write("x") == errc::closed);
  CHECK(near.write(bytes_view{}) == errc::closed);
  CHECK(near.ping() == errc::closed);
  CHECK(near.begin_message(message_kind::text).finish("x") == errc::closed);
  CHECK(near.begin_close() == errc::closed);
  CHECK(near.close() == near.close_reason().error);
  near.close_now();
  CHECK_FALSE(near.read());
  CHECK_FALSE(near.read_part());
  CHECK_FALSE(near.is_open());
  CHECK(shown(near.close_reason()) == why);
  CHECK(talk.far().frames().empty());
  CHECK(talk.elapsed() == 0s);
}

TEST_CASE("begin_close returns at once and a read brings the closing to its end", "[rfc-7.1.2]") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {.close_timeout = 5s}};
  CHECK_FALSE(talk.near().begin_close(close_code::going_away));
  CHECK(talk.elapsed() == 0s);
  CHECK(talk.far().frames() == lines{"close 1001"});
  CHECK(talk.near().begin_close() == errc::closed);
  CHECK(talk.near().write("x") == errc::closed);
  const bool answers = GENERATE(true, false);
  if (answers) {
    talk.far().say(close_from(peer_of(self), 1001));
    talk.far().hang_up();
  }
  CHECK_FALSE(talk.near().read());
  CHECK(talk.near().close_reason().clean == answers);
  CHECK(talk.elapsed() == (answers ? 0s : 5s));
}

TEST_CASE("a close takes in what the peer must get rid of before it reads the Close",
          "[rfc-7.1.1]") {
  const auto self = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe({.first = {.capacity = 10}, .second = {.capacity = 3}});
  automatic_end far{std::move(there), peer_of(self)};
  far.writes_before_it_reads = true;
  REQUIRE_FALSE(far.peer().send(std::string(1000, 'x')));
  websocket<memory_pipe> near{self, std::move(here), {.close_timeout = 60s}};
  near.stream().on_idle([&] { far.step(); });
  CHECK_FALSE(near.close());
  CHECK(shown(near.close_reason()) == "closed{1000, clean}");
}

// A peer that takes nothing

TEST_CASE("a write to a peer that takes nothing ends at the write time-out") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {.write_timeout = 20s}, {.second = {.capacity = 10}}};
  CHECK(talk.near().write(std::string(100, 'x')) == errc::write_timeout);
  CHECK(talk.elapsed() == 20s);
  CHECK_FALSE(talk.near().read());
  CHECK(shown(talk.near().close_reason()) == "closed{1006, the peer took no data for too long}");
  CHECK(talk.near().write("x") == errc::closed);
}

TEST_CASE("a peer that takes a little now and then keeps a write alive") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {.write_timeout = 20s}, {.second = {.capacity = 10}}};
  talk.when_idle([&] {
    talk.advance(19s);
    talk.far().seen();
  });
  CHECK_FALSE(talk.near().write(std::string(100, 'x')));
  CHECK(talk.elapsed() > 100s);
}

TEST_CASE("a close to a peer that takes nothing ends at the close time-out") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {.close_timeout = 5s}, {.second = {.capacity = 0}}};
  CHECK(talk.near().close() == errc::close_timeout);
  CHECK(talk.elapsed() == 5s);
}

TEST_CASE("messages go on arriving while the peer takes no pongs") {
  const auto self = GENERATE(role::client, role::server);
  const auto from = peer_of(self);
  scripted_talk talk{self, {.write_timeout = 20s}, {.second = {.capacity = 1}}};
  talk.far().say(frame_from(from, opcode::ping, "?"));
  bool said = false;
  talk.when_idle([&] {
    if (!std::exchange(said, true)) talk.far().say(frame_from(from, opcode::text, "Hello"));
  });
  CHECK(shown(talk.near().read().value()) == "text \"Hello\"");
  CHECK(talk.elapsed() < 20s);
  talk.when_idle([&] { talk.far().seen(); });
  std::error_code ec;
  CHECK_FALSE(talk.near().read(1s, ec));
  CHECK(ec == errc::read_timeout);
  CHECK(talk.far().frames() == lines{"pong \"?\""});
}

TEST_CASE("what had arrived before a write failed can still be read") {
  const auto self = GENERATE(role::client, role::server);
  const auto from = peer_of(self);
  scripted_talk talk{self};
  talk.far().say(frame_from(from, opcode::text, "first") +
                 frame_from(from, opcode::text, "second"));
  const bool tells_the_end = GENERATE(true, false);
  if (tells_the_end) talk.far().say(close_from(from, 1001, "bye"));
  { const auto gone = std::move(talk.far().pipe()); }
  CHECK(talk.near().write("x") == std::errc::broken_pipe);
  CHECK(talk.near().write("x") == errc::closed);
  CHECK(shown(talk.near().read().value()) == "text \"first\"");
  CHECK(shown(talk.near().read().value()) == "text \"second\"");
  CHECK_FALSE(talk.near().read());
  const auto end = talk.near().close_reason();
  CHECK(end.error == std::errc::broken_pipe);
  CHECK(end.code == (tells_the_end ? close_code::going_away : close_code::abnormal));
  CHECK_FALSE(end.clean);
}

TEST_CASE("a websocket can be moved, and is dropped without a Close when it is destroyed") {
  const auto self = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  {
    websocket<memory_pipe> first{self, std::move(here)};
    auto second = std::move(first);
    far.say(frame_from(peer_of(self), opcode::text, "moved"));
    CHECK(second.read());
    CHECK_FALSE(far.over());
  }
  CHECK(far.over());
  CHECK(far.frames().empty());
}

}  // namespace
