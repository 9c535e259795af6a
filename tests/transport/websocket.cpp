// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/websocket.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/far_end.hpp"
#include "support/payloads.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

// The behaviour that all drivers share is tested in tests/drivers.

namespace {

static_assert(takes_every_payload<writing<websocket<memory_pipe>>>);

TEST_CASE("a websocket over a stream that is not encrypted has no facts of TLS") {
  auto [here, there] = make_memory_pipe();
  const websocket<memory_pipe> near{role::client, std::move(here)};
  CHECK_FALSE(near.is_secure());
  CHECK(near.tls() == nullptr);
  CHECK(near.peer_certificate() == nullptr);
  CHECK(near.response().status == 0);
}

TEST_CASE("a websocket can be moved, and its destructor drops the connection without a Close") {
  const auto own_role = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  {
    websocket<memory_pipe> first{own_role, std::move(here)};
    auto second = std::move(first);
    far.send(frame_from(peer_of(own_role), opcode::text, "moved"));
    CHECK(second.read());
    CHECK_FALSE(far.over());
  }
  CHECK(far.over());
  CHECK(far.frames().empty());
}

TEST_CASE("a message may be copied, moved or of small integers, and arrives the same") {
  const auto own_role = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  websocket<memory_pipe> near{own_role, std::move(here)};
  const std::string text(GENERATE(as<std::size_t>{}, 3, 10'000), 'a');
  const std::vector<std::uint8_t> numbers(text.begin(), text.end());
  CHECK_FALSE(near.write(text));
  CHECK_FALSE(near.write(std::string{text}));
  CHECK_FALSE(near.write(numbers));
  CHECK_FALSE(near.write(byte_vector(text.size(), std::byte{'a'})));
  CHECK(near.write(std::string{"\xFF"}) == errc::invalid_utf8);
  const auto frames = far.frames();
  REQUIRE(frames.size() == 4);
  CHECK(frames[0] == "text " + shown(as_bytes(text)));
  CHECK(frames[1] == frames[0]);
  CHECK(frames[2].starts_with("binary "));
  CHECK(frames[3] == frames[2]);
}

TEST_CASE(
    "the peer sees the end of the stream as soon as the connection has ended, for whatever reason",
    "[rfc-7.1.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto ends = GENERATE(as<std::string>{}, "clean", "violation", "no Close", "silence");
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  websocket<memory_pipe> near{own_role, std::move(here)};
  INFO(ends);
  if (ends == "clean") far.send(close_from(peer_of(own_role), 1000));
  if (ends == "violation") far.send(frame_from(peer_of(own_role), 3, {}));
  if (ends != "silence") far.hang_up();
  CHECK_FALSE(near.read());
  CHECK(near.close_reason().clean == (ends == "clean"));
  CHECK(far.over());
}

TEST_CASE("a read with a timeout reports whether it was too long or the connection has ended") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  const auto read = [&](std::error_code& ec) { return talk.near().read(1s, ec).has_value(); };
  const auto read_part = [&](std::error_code& ec) {
    return talk.near().read_part(1s, ec).has_value();
  };
  std::error_code ec = errc::aborted;
  CHECK_FALSE(read(ec));
  CHECK(ec == errc::read_timeout);
  CHECK(talk.elapsed() == 1s);
  ec = errc::aborted;
  CHECK_FALSE(read_part(ec));
  CHECK(ec == errc::read_timeout);
  CHECK(talk.elapsed() == 2s);

  talk.far().send(frame_from(peer_of(own_role), opcode::text, "last"));
  CHECK(read(ec));
  CHECK_FALSE(ec);
  CHECK(talk.elapsed() == 2s);

  talk.far().send(close_from(peer_of(own_role), 1000));
  talk.far().hang_up();
  CHECK_FALSE(read(ec));
  CHECK(ec == errc::closed);
  ec.clear();
  CHECK_FALSE(read_part(ec));
  CHECK(ec == errc::closed);
}

TEST_CASE("the peer that does not answer a Close in time sees the end of the stream",
          "[rfc-7.1.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  websocket<memory_pipe> near{own_role, std::move(here)};
  CHECK(near.close() == errc::close_timeout);
  CHECK(far.over());
}

TEST_CASE("a close after the output has stalled for the write timeout ends at once") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role,
                     {.keep_alive_interval = 0s, .close_timeout = 1h, .write_timeout = 20s},
                     {.second = {.capacity = 1}}};
  talk.far().send(frame_from(peer_of(own_role), opcode::ping, "?"));
  std::error_code ec;
  CHECK_FALSE(talk.near().read(1s, ec));
  CHECK(ec == errc::read_timeout);
  talk.advance(20s);
  CHECK(talk.near().close() == errc::write_timeout);
  CHECK(talk.elapsed() == 21s);
}

// A write and the peer's Close

const std::string piece(64 * 1024, 'x');

/// Sends pieces of a message until a write fails, 1 GiB at most. Returns how many were accepted.
std::size_t upload(websocket<memory_pipe>& near, std::error_code& ec) {
  auto message = near.begin_message(message_kind::binary);
  std::size_t accepted = 0;
  while (accepted < 16 * 1024 && !(ec = message.write(piece))) ++accepted;
  return accepted;
}

TEST_CASE("a message in fragments fails once the peer's Close has arrived", "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto max_read = GENERATE(std::size_t{1}, pipe_faults::never);
  scripted_talk talk{own_role, {}, {.first = {.max_read = max_read}}};
  CHECK_FALSE(talk.near().write("before"));
  talk.far().send(close_from(peer_of(own_role), 1009, "too large"));
  std::error_code ec;
  CHECK(upload(talk.near(), ec) <= 1);
  CHECK(ec == errc::closed);
  CHECK(talk.near().close_reason().code == close_code::message_too_big);
  CHECK(talk.near().close_reason().reason == "too large");
  CHECK(talk.near().write("after") == errc::closed);
  CHECK(talk.far().frames().back() == "close 1009");
}

TEST_CASE("small messages fail within a second after the peer's Close has arrived", "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  CHECK_FALSE(talk.near().write("tick"));
  talk.far().send(close_from(peer_of(own_role), 1001));
  talk.advance(999ms);
  CHECK_FALSE(talk.near().write("tick"));
  talk.advance(1ms);
  CHECK(talk.near().write("tick") == errc::closed);
  CHECK(talk.near().ping() == errc::closed);
  CHECK(talk.near().close_reason().code == close_code::going_away);
}

TEST_CASE("a whole message fails if the peer's Close arrives before the stream has accepted it",
          "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role, {}, {.second = {.capacity = 100'000}}};
  talk.when_idle([&] {
    if (talk.far().seen().size() == 500'000) talk.far().send(close_from(peer_of(own_role), 1009));
  });
  CHECK(talk.near().write(std::string(1'000'000, 'x')) == errc::closed);
  CHECK(talk.near().close_reason().code == close_code::message_too_big);
}

TEST_CASE("a message that the stream had accepted when the peer closed does not fail",
          "[rfc-7.1.2]") {
  scripted_talk talk{role::client, {}, {.second = {.capacity = 100}}};
  bool answered = false;
  talk.when_idle([&] {
    if (talk.far().frames().size() == 1 && !std::exchange(answered, true)) {
      talk.far().send(close_from(role::server, 1000));
    }
  });
  CHECK_FALSE(talk.near().write(std::string(150, 'x')));
  CHECK_FALSE(talk.near().read());
  CHECK(shown(talk.near().close_reason()) == "closed{1000, clean}");
}

TEST_CASE("a write to a peer that has closed and reads nothing ends after the close timeout",
          "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.close_timeout = 5s;
  scripted_talk talk{own_role, options, {.second = {.capacity = 1'000}}};
  talk.far().send(close_from(peer_of(own_role), 1009));
  std::error_code ec;
  CHECK(upload(talk.near(), ec) == 0);
  CHECK(ec == errc::closed);
  CHECK(talk.elapsed() <= 6s);
  CHECK(talk.near().close_reason().code == close_code::message_too_big);
}

TEST_CASE("a blocked write notices within a second that the peer has closed", "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.close_timeout = 5s;
  scripted_talk talk{own_role, options, {.second = {.capacity = 1'000, .delay = 10'500ms}}};
  talk.far().send(close_from(peer_of(own_role), 1009));
  CHECK(talk.near().write(piece) == errc::closed);
  CHECK(talk.elapsed() <= 16s);
  CHECK(talk.near().close_reason().code == close_code::message_too_big);
}

TEST_CASE("messages before the peer's Close can be read after a write has failed", "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto peer = peer_of(own_role);
  const auto max_read = GENERATE(std::size_t{1}, pipe_faults::never);
  scripted_talk talk{own_role, {}, {.first = {.max_read = max_read}}};
  CHECK_FALSE(talk.near().write("before"));
  talk.far().send(frame_from(peer, opcode::text, "quota", fin::no) +
                  frame_from(peer, opcode::ping, "here?") +
                  frame_from(peer, opcode::continuation, " exceeded") +
                  frame_from(peer, opcode::text, "bye") + close_from(peer, 1008));
  std::error_code ec;
  CHECK(upload(talk.near(), ec) <= 1);
  CHECK(ec == errc::closed);
  CHECK_FALSE(talk.near().is_open());
  CHECK(talk.near().begin_message(message_kind::text).write("no") == errc::closed);
  const auto first = talk.near().read();
  REQUIRE(first);
  CHECK(first->text() == "quota exceeded");
  CHECK(talk.near().write("no") == errc::message_unfinished);
  CHECK(first->text() == "quota exceeded");
  const auto second = talk.near().read();
  REQUIRE(second);
  CHECK(second->text() == "bye");
  talk.far().hang_up();
  CHECK_FALSE(talk.near().read());
  CHECK(shown(talk.near().close_reason()) == "closed{1008, clean}");
}

/// Counts the reads.
struct counting_pipe : memory_pipe {
  counting_pipe(memory_pipe pipe, int& reads) : memory_pipe{std::move(pipe)}, reads_{&reads} {}

  std::size_t read_some(mutable_bytes buffer, std::error_code& ec) {
    ++*reads_;
    return memory_pipe::read_some(buffer, ec);
  }

 private:
  int* reads_;
};

TEST_CASE("a thread that only writes small messages reads once a second") {
  const auto own_role = GENERATE(role::client, role::server);
  const memory_pipe_options options;
  auto [here, there] = make_memory_pipe(options);
  int reads = 0;
  websocket<counting_pipe> near{own_role, counting_pipe{std::move(here), reads}};
  for (int second = 0; second < 3; ++second) {
    for (int i = 0; i < 100; ++i) CHECK_FALSE(near.write("tick"));
    CHECK(reads == second);
    options.clock->advance(1s);
  }
}

TEST_CASE("a Close frame is seen behind 16 KiB of unread messages at most", "[abuse]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool near_by = GENERATE(true, false);
  scripted_talk talk{own_role};
  CHECK_FALSE(talk.near().write("before"));
  const std::string unread(near_by ? 12 * 1024 : 24 * 1024, 'u');
  talk.far().send(frame_from(peer_of(own_role), opcode::text, unread) +
                  close_from(peer_of(own_role), 1008));
  auto message = talk.near().begin_message(message_kind::binary);
  std::error_code ec;
  for (int i = 0; i < 8 && !ec; ++i) ec = message.write(piece);
  CHECK((ec == errc::closed) == near_by);
  const auto kept = talk.near().read();
  REQUIRE(kept);
  CHECK(kept->text() == unread);
}

TEST_CASE(
    "a message that was read stays valid, and later ones are kept, while others are written") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto peer = peer_of(own_role);
  const auto more = GENERATE(std::size_t{0}, std::size_t{10'000}, std::size_t{300'000});
  scripted_talk talk{own_role};
  const std::string later(more, 'y');
  talk.far().send(frame_from(peer, opcode::text, "first") + frame_from(peer, opcode::text, "next"));
  const auto first = talk.near().read();
  REQUIRE(first);
  talk.far().send(frame_from(peer, opcode::text, later) + frame_from(peer, opcode::text, "last"));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(talk.near().write(piece));
  CHECK(first->text() == "first");
  for (const auto& expected : {std::string{"next"}, later, std::string{"last"}}) {
    const auto message = talk.near().read();
    REQUIRE(message);
    CHECK(message->text() == expected);
  }
  CHECK_FALSE(talk.near().write("still open"));
}

TEST_CASE("pings are answered while messages are only written", "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  CHECK_FALSE(talk.near().write("tick"));
  talk.far().send(frame_from(peer_of(own_role), opcode::ping, "here?"));
  talk.advance(1s);
  CHECK_FALSE(talk.near().write("tick"));
  CHECK(talk.far().frames() == lines{"text \"tick\"", "pong \"here?\"", "text \"tick\""});
}

TEST_CASE("a write fails once the peer has ended the stream, and unread messages can be read") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool unread = GENERATE(false, true);
  scripted_talk talk{own_role};
  CHECK_FALSE(talk.near().write("before"));
  if (unread) talk.far().send(frame_from(peer_of(own_role), opcode::text, "last"));
  talk.far().hang_up();
  std::error_code ec;
  CHECK(upload(talk.near(), ec) <= 1);
  CHECK(ec == errc::closed);
  CHECK(talk.near().read().has_value() == unread);
  CHECK_FALSE(talk.near().read());
  CHECK(talk.near().close_reason().error == errc::end_of_stream);
}

TEST_CASE("a write fails once the peer has broken the protocol", "[rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool behind = GENERATE(false, true);
  const auto peer = peer_of(own_role);
  scripted_talk talk{own_role};
  CHECK_FALSE(talk.near().write("before"));
  if (behind) talk.far().send(frame_from(peer, opcode::text, "unread"));
  talk.far().send(frame_from(peer, 11, {}));
  std::error_code ec;
  CHECK(upload(talk.near(), ec) <= 1);
  CHECK(ec == errc::closed);
  CHECK(talk.near().read().has_value() == behind);
  talk.far().hang_up();
  CHECK_FALSE(talk.near().read());
  CHECK(talk.near().close_reason().error == errc::bad_opcode);
}

}  // namespace
