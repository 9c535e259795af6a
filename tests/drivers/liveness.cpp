// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "drivers/drivers.hpp"
#include "drivers/talk.hpp"
#include "hawser/frame/opcode.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

const std::string overdue = "closed{1006, the peer did not answer the keep-alive ping}";

TEST_CASE(
    "a silent peer is pinged after the interval, and the connection ends when the answer is "
    "overdue",
    "[rfc-5.5.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s, .keep_alive_timeout = 7s}});
  std::optional<talk::duration> pinged;
  near->when_idle([&] {
    if (!pinged && !near->far().frames().empty()) pinged = near->elapsed();
  });
  CHECK(near->receive_all() == lines{overdue});
  CHECK(near->elapsed() == 27s);
  CHECK(pinged == 20s);
  CHECK(near->far().frames() == lines{"ping 0000000000000001"});
}

TEST_CASE("a peer that answers pings stays connected, and the answer gives the round-trip time",
          "[rfc-5.5.3]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s}});
  std::size_t answered = 0;
  near->when_idle([&] {
    if (near->far().frames().size() == answered) return;
    near->advance(5s);
    const auto ping = "00 00 00 00 00 00 00"_b + byte_vector{static_cast<std::byte>(++answered)};
    near->far().send(frame_from(one.peer(), 10, ping));
  });
  CHECK_FALSE(near->round_trip());
  CHECK(near->receive(200s) == "nothing");
  CHECK(near->is_open());
  CHECK(answered == 8);
  REQUIRE(near->round_trip());
  CHECK(std::chrono::floor<std::chrono::seconds>(*near->round_trip()) == 5s);
}

TEST_CASE("a pong gives the round-trip time of the ping it answers", "[rfc-5.5.3]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin();
  CHECK_FALSE(near->ping(as_bytes("?")));
  near->advance(2s);
  near->far().send(frame_from(one.peer(), opcode::pong, "!") +
                   frame_from(one.peer(), opcode::text, "x"));
  CHECK(near->receive() == "text \"x\"");
  CHECK_FALSE(near->round_trip());
  near->far().send(frame_from(one.peer(), opcode::pong, "?") +
                   frame_from(one.peer(), opcode::text, "y"));
  CHECK(near->receive() == "text \"y\"");
  CHECK(near->round_trip() == 2s);
}

TEST_CASE("a connection without messages is closed at the idle timeout while it is read") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 0s, .idle_timeout = 60s}});
  auto& far = near->far();
  CHECK(near->receive(50s) == "nothing");
  CHECK_FALSE(near->write("x"));
  CHECK(near->receive(50s) == "nothing");
  CHECK(near->is_open());
  // After a long delay, the driver reads first what has arrived.
  far.send(frame_from(one.peer(), opcode::text, "there"));
  near->advance(1h);
  CHECK(near->receive() == "text \"there\"");
  const auto before = near->elapsed();
  near->when_idle([&] {
    if (far.frames().size() < 2) return;
    far.send(close_from(one.peer(), 1001));
    far.hang_up();
  });
  CHECK(near->receive_all() == lines{"closed{1001, clean}"});
  CHECK(near->elapsed() - before == 60s);
  CHECK(far.frames() == lines{"text \"x\"", "close 1001 \"idle for too long\""});
}

TEST_CASE("a connection is not closed as idle before the driver has looked for input") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 0s, .idle_timeout = 60s}});
  CHECK(near->receive(50s) == "nothing");
  near->advance(1h);
  CHECK(near->is_open());
  CHECK(near->far().frames().empty());
  const auto back = near->elapsed();
  near->when_idle([&] {
    if (near->far().frames().empty()) return;
    near->far().send(close_from(one.peer(), 1001));
    near->far().hang_up();
  });
  CHECK(near->receive() == "closed{1001, clean}");
  CHECK(near->elapsed() == back);
  CHECK(near->far().frames() == lines{"close 1001 \"idle for too long\""});
}

TEST_CASE("a message without progress ends the connection at its timeout, although pongs arrive",
          "[abuse]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 10s, .message_timeout = 60s}});
  auto& far = near->far();
  far.send(frame_from(one.peer(), opcode::binary, "begun", fin::no));
  std::size_t answered = 0;
  near->when_idle([&] {
    const auto frames = far.frames();
    if (frames.size() == answered) return;
    answered = frames.size();
    if (!frames.back().starts_with("close")) {
      return far.send(frame_from(one.peer(), opcode::pong, "alive"));
    }
    far.send(close_from(one.peer(), 1008));
    far.hang_up();
  });
  CHECK(near->receive_all() == lines{"closed{1008, a message made no progress}"});
  CHECK(near->elapsed() == 60s);
  CHECK(answered == 6);
}

TEST_CASE("an unfinished message does not time out while reading is paused", "[abuse]") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 0s, .message_timeout = 60s}});
  auto& far = near->far();
  far.send(frame_from(one.peer(), opcode::text, "be", fin::no));
  CHECK(near->receive(1s) == "nothing");
  far.send(frame_from(one.peer(), opcode::continuation, "gun"));
  near->advance(1h);
  SECTION("when it reads again") {}
  SECTION("when it writes before") { CHECK_FALSE(near->write("x")); }
  CHECK(near->receive() == "text \"begun\"");
}

TEST_CASE("no keep-alive ping is sent while a slow message arrives, however long that takes") {
  const auto one = GENERATE(from_range(drivers_that(&driver::sees_bytes)));
  INFO(one);
  const auto near =
      one.begin({.options = {.keep_alive_interval = 3s}, .max_read = 1, .read_takes = 1s});
  near->far().send(frame_from(one.peer(), opcode::binary, std::string(1000, 'x')));
  CHECK(near->receive().starts_with("binary 1000 bytes "));
  CHECK(near->elapsed() > 1000s);
  CHECK(near->far().frames().empty());
}

TEST_CASE("no answer and no message is overdue during a long write without a read") {
  const auto one = GENERATE(from_range(drivers_that(&driver::waits)));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 5s,
                                           .keep_alive_timeout = 5s,
                                           .message_timeout = 20s,
                                           .write_timeout = 0s},
                               .far_capacity = 90'000,
                               .wakes_at = 30'000});
  auto& far = near->far();
  far.send(frame_from(one.peer(), opcode::text, "be", fin::no));
  CHECK(near->receive(1s) == "nothing");
  far.send(frame_from(one.peer(), opcode::continuation, "gun"));
  auto since = near->elapsed();
  near->when_idle([&] {
    if (near->elapsed() - since < 1s) return;
    since = near->elapsed();
    far.take_some(1000);
  });
  CHECK_FALSE(near->write(byte_vector(200'000)));
  CHECK(near->elapsed() > 60s);
  CHECK(near->receive() == "text \"begun\"");
}

TEST_CASE("a peer that reads slowly but steadily stays connected", "[abuse]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  constexpr std::size_t size = 200'000;
  const auto near = one.begin({.options = {.keep_alive_interval = 0s, .write_timeout = 20s},
                               .far_capacity = 90'000,
                               .wakes_at = 30'000});
  auto& far = near->far();
  auto since = near->elapsed();
  near->when_idle([&] {
    if (near->elapsed() - since < 1s) return;
    since = near->elapsed();
    far.take_some(500);
  });
  const auto ec = near->write(byte_vector(size));
  CHECK_FALSE(ec);
  // At 500 bytes per second, the waiting writer can continue about once a minute.
  CHECK(near->receive(300s) == "nothing");
  CHECK(near->is_open());
  near->when_idle([&] { far.seen(); });
  CHECK(near->receive(30s) == "nothing");
  CHECK(near->is_open());
  CHECK(far.frames().front().starts_with("binary 200000 bytes"));
}

TEST_CASE("a peer that stops reading after some progress times out", "[abuse][handlers]") {
  const auto one = GENERATE(from_range(drivers_that(&driver::waits, false)));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 0s, .write_timeout = 20s},
                               .far_capacity = 90'000,
                               .wakes_at = 30'000});
  near->when_idle([&] {
    if (near->elapsed() < 61s) near->far().take_some(1);
  });
  CHECK_FALSE(near->write(byte_vector(200'000)));
  CHECK(near->receive() == "closed{1006, the peer took no data for too long}");
  // The driver checks for progress eight times within the timeout.
  CHECK(near->elapsed() >= 80s);
  CHECK(near->elapsed() <= 84s);
}

TEST_CASE("a close ends although bytes keep arriving", "[rfc-7.1.1]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near =
      one.begin({.options = {.close_timeout = 4s}, .max_read = 1, .read_takes = 100ms});
  for (int i = 0; i < 100; ++i) near->far().send(frame_from(one.peer(), opcode::ping, ""));
  CHECK(near->close() == errc::close_timeout);
  CHECK(std::chrono::floor<std::chrono::seconds>(near->elapsed()) == 4s);
}

TEST_CASE("an answer that arrived during a long delay of the driver is not overdue",
          "[rfc-5.5.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s, .keep_alive_timeout = 20s}});
  CHECK(near->receive(25s) == "nothing");
  REQUIRE(near->far().frames() == lines{"ping 0000000000000001"});
  near->far().send(frame_from(one.peer(), 10, "00 00 00 00 00 00 00 01"_b));
  near->advance(1h);
  SECTION("when it reads again") { CHECK(near->receive(1s) == "nothing"); }
  SECTION("when it writes") {
    CHECK_FALSE(near->write("back"));
    CHECK(near->receive(0s) == "nothing");
  }
  SECTION("when it pings") { CHECK_FALSE(near->ping()); }
  SECTION("when it closes") {
    near->far().send(close_from(one.peer(), 1000));
    near->far().hang_up();
    CHECK_FALSE(near->close());
  }
  SECTION("when it begins to close") { CHECK_FALSE(near->begin_close()); }
}

TEST_CASE("a program that only writes does not time out a peer whose bytes it has not read",
          "[rfc-5.5.2]") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s, .keep_alive_timeout = 20s}});
  for (int i = 0; i < 10; ++i) {
    near->advance(30s);
    CHECK_FALSE(near->write("x"));
    CHECK(near->is_open());
  }
  near->far().send(frame_from(one.peer(), opcode::text, "received"));
  CHECK(near->receive() == "text \"received\"");
}

TEST_CASE("a silent peer times out although the connection often writes", "[rfc-5.5.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s, .keep_alive_timeout = 10s}});
  while (near->is_open() && near->elapsed() < 60s) {
    (void)near->write("x");
    near->receive(1s);
  }
  CHECK(shown(near->close_reason()) == overdue);
  CHECK(near->elapsed() >= 30s);
  CHECK(near->elapsed() <= 32s);
  const auto frames = near->far().frames();
  CHECK(std::count(frames.begin(), frames.end(), "ping 0000000000000001") == 1);
}

TEST_CASE("a peer that reads slowly does not time out because a ping would wait behind the output",
          "[rfc-5.5.2][abuse]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin(
      {.options = {.keep_alive_interval = 5s, .keep_alive_timeout = 10s, .write_timeout = 60s},
       .far_capacity = 1'000});
  auto since = near->elapsed();
  std::size_t taken = 0;
  near->when_idle([&] {
    if (near->elapsed() - since < 1s) return;
    since = near->elapsed();
    near->far().take_some(500);
    taken += 500;
  });
  CHECK_FALSE(near->write(byte_vector(50'000)));
  while (taken < 50'000 && near->is_open()) CHECK(near->receive(1s) == "nothing");
  CHECK(near->is_open());
}

TEST_CASE("a silent peer times out although the program reads only now and then", "[rfc-5.5.2]") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  // The program works without a read whenever a timeout passes.
  const auto read_time = GENERATE(0s, 1s);
  const bool runs = GENERATE(true, false);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s, .keep_alive_timeout = 10s}});
  while (near->is_open() && near->elapsed() < 200s) {
    (void)near->write("x");
    runs ? near->rest(25s) : near->advance(25s);
    (void)near->write("y");
    near->receive(read_time);
  }
  CHECK(shown(near->close_reason()) == overdue);
  const auto frames = near->far().frames();
  CHECK(std::count(frames.begin(), frames.end(), "ping 0000000000000001") == 1);
}

TEST_CASE("a peer that answers stays connected although the program reads only now and then",
          "[rfc-5.5.2]") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  const bool runs = GENERATE(true, false);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s, .keep_alive_timeout = 10s}});
  auto& far = near->far();
  std::size_t answered = 0;
  while (near->is_open() && near->elapsed() < 500s) {
    CHECK_FALSE(near->write("x"));
    for (const auto frames = far.frames(); answered < frames.size(); ++answered) {
      if (frames[answered].starts_with("ping")) far.send(frame_from(one.peer(), opcode::pong, ""));
    }
    runs ? near->rest(25s) : near->advance(25s);
    CHECK(near->receive(1s) == "nothing");
  }
  CHECK(near->is_open());
  CHECK(answered > 20);
}

TEST_CASE("a connection that only writes is pinged once per interval", "[rfc-5.5.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s, .keep_alive_timeout = 60s}});
  for (const auto pause : {0s, 10s, 15s, 15s}) {  // at 0, 10, 25, and 40 s
    near->rest(pause);
    CHECK_FALSE(near->write("x"));
  }
  const auto frames = near->far().frames();
  CHECK(std::count(frames.begin(), frames.end(), "text \"x\"") == 4);
  CHECK(std::count(frames.begin(), frames.end(), "ping 0000000000000001") == 1);
  CHECK(frames.size() == 5);
}

TEST_CASE("a connection that only writes pings again after an answer", "[rfc-5.5.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s, .keep_alive_timeout = 60s}});
  auto& far = near->far();
  bool answered = false;
  near->when_idle([&] {
    if (far.frames().empty() || std::exchange(answered, true)) return;
    far.send(frame_from(one.peer(), opcode::pong, "alive"));
  });
  CHECK(near->receive(25s) == "nothing");
  CHECK(far.frames() == lines{"ping 0000000000000001"});
  for (const auto pause : {0s, 10s, 10s}) {
    near->rest(pause);
    CHECK_FALSE(near->write("x"));
  }
  const auto frames = far.frames();
  CHECK(std::count(frames.begin(), frames.end(), "ping 0000000000000002") == 1);
}

TEST_CASE("a peer that did not answer during a long delay of the driver times out") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.keep_alive_interval = 20s, .keep_alive_timeout = 20s}});
  CHECK(near->receive(25s) == "nothing");
  near->advance(1h);
  const auto back = near->elapsed();
  SECTION("when it reads again") {
    CHECK(near->receive() == overdue);
    CHECK(near->elapsed() == back);
  }
  SECTION("when it writes") {
    CHECK_FALSE(near->write("anybody there?"));
    CHECK(near->receive() == overdue);
    CHECK(near->elapsed() == back);
  }
}

}  // namespace
