// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/connection_timers.hpp"

#include <chrono>

#include "support/catch.hpp"
#include "support/peers.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using due = connection_timers::due;
using input = connection_timers::input;
using time_point = connection_timers::time_point;

constexpr connection_timers::activity reading{};
constexpr connection_timers::activity writing{.writing = true};
constexpr connection_timers::activity in_message{.in_message = true};
constexpr connection_timers::activity closing{.open = false};

TEST_CASE("the first deadline of an open connection is returned") {
  connection_timers timers{
      {.keep_alive_interval = 20s, .keep_alive_timeout = 7s, .idle_timeout = 50s}};
  CHECK(timers.deadline(reading) == at_once);
  CHECK(timers.advance(at(100s), reading) == due::nothing);
  CHECK(timers.deadline(reading) == at(120s));
  CHECK(timers.advance(at(120s), reading) == due::ping);
  CHECK(timers.deadline(reading) == at(127s));
  timers.received(at(121s));
  CHECK(timers.advance(at(121s), reading) == due::nothing);
  CHECK(timers.deadline(reading) == at(141s));
  CHECK(timers.advance(at(141s), reading) == due::ping);
  CHECK(timers.advance(at(148s), reading) == due::keep_alive_timeout);
}

TEST_CASE("the timeout of an unfinished message begins with its last progress") {
  connection_timers timers{{.keep_alive_interval = 0s, .message_timeout = 60s}};
  timers.advance(at(10s), reading);
  CHECK(timers.deadline(reading) == never);
  timers.received(at(11s));
  timers.message_progressed();
  CHECK(timers.deadline(reading) == never);
  CHECK(timers.deadline(in_message) == at_once);
  timers.advance(at(11s), in_message);
  timers.received(at(50s));
  CHECK(timers.deadline(in_message) == at(71s));
  CHECK_FALSE(timers.lacks_input(at(71s) - 1ns, in_message));
  CHECK(timers.lacks_input(at(71s), in_message));
  CHECK_FALSE(timers.lacks_input(at(71s), reading));
  CHECK(timers.advance(at(71s) - 1ns, in_message) == due::nothing);
  SECTION("it expires") { CHECK(timers.advance(at(71s), in_message) == due::message_timeout); }
  SECTION("it expires although output waits") {
    const connection_timers::activity both{.writing = true, .in_message = true};
    CHECK(timers.advance(at(71s), both) == due::message_timeout);
  }
  SECTION("it restarts with progress") {
    timers.received(at(70s));
    timers.message_progressed();
    CHECK(timers.advance(at(71s), in_message) == due::nothing);
    CHECK(timers.deadline(in_message) == at(131s));
  }
  SECTION("it does not expire before the driver has looked for input") {
    CHECK(timers.advance(at(80s), in_message, input::unread) == due::nothing);
    CHECK(timers.lacks_input(at(80s), in_message));
    CHECK(timers.deadline(in_message) == at(140s));
    CHECK(timers.advance(at(80s), in_message) == due::message_timeout);
  }
  SECTION("it goes on while the driver does not look for input") {
    CHECK(timers.advance(at(30s), in_message, input::unread) == due::nothing);
    CHECK(timers.deadline(in_message) == at(71s));
  }
}

TEST_CASE("with a timeout of zero a message may remain unfinished for any time") {
  connection_timers timers{{.keep_alive_interval = 0s, .message_timeout = 0s}};
  timers.message_progressed();
  CHECK(timers.deadline(in_message) == never);
  CHECK(timers.advance(at(100h), in_message) == due::nothing);
  CHECK_FALSE(timers.lacks_input(at(100h), in_message));
}

TEST_CASE("silence does not end a connection whose input is unread") {
  connection_timers timers{
      {.keep_alive_interval = 20s, .keep_alive_timeout = 7s, .idle_timeout = 50s}};
  CHECK(timers.advance(at(0s), reading, input::unread) == due::nothing);
  CHECK(timers.deadline(reading) == at(20s));
  CHECK(timers.advance(at(20s), reading, input::unread) == due::ping);
  CHECK(timers.advance(at(27s), reading, input::unread) == due::nothing);
  CHECK(timers.lacks_input(at(27s), reading));
  CHECK(timers.deadline(reading) == at(34s));
  CHECK(timers.advance(at(50s), reading, input::unread) == due::nothing);
  CHECK(timers.deadline(reading) == at(57s));
  SECTION("the pong is found") {
    timers.received(at(55s));
    CHECK(timers.lacks_input(at(55s), reading));
    CHECK(timers.advance(at(55s), reading, input::unread) == due::nothing);
    CHECK(timers.deadline(reading) == at(75s));
    CHECK(timers.advance(at(55s), reading) == due::idle_close);
  }
  SECTION("a message is found") {
    timers.received(at(55s));
    timers.message_received();
    CHECK_FALSE(timers.lacks_input(at(55s), reading));
    CHECK(timers.advance(at(55s), reading) == due::nothing);
    CHECK(timers.deadline(reading) == at(75s));
  }
  SECTION("nothing is found") { CHECK(timers.advance(at(50s), reading) == due::idle_close); }
}

TEST_CASE("stalled output and a closing handshake end although input is unread") {
  connection_timers timers{{.close_timeout = 5s, .write_timeout = 20s}};
  CHECK(timers.advance(at(0s), writing, input::unread) == due::nothing);
  CHECK(timers.advance(at(20s), writing, input::unread) == due::write_timeout);
  CHECK(timers.advance(at(21s), closing, input::unread) == due::nothing);
  CHECK(timers.deadline(closing) == at(26s));
  CHECK(timers.advance(at(26s), closing, input::unread) == due::close_timeout);
}

TEST_CASE("output that makes progress restarts its timeout") {
  connection_timers timers{{.message_timeout = 0s, .write_timeout = 20s}};
  CHECK(timers.deadline(writing) == at_once);
  CHECK(timers.advance(at(1s), writing) == due::nothing);
  CHECK(timers.deadline(writing) == at(1s) + 2500ms);
  timers.written(false);
  CHECK(timers.deadline(writing) == at_once);
  CHECK(timers.advance(at(21s), writing) == due::nothing);
  timers.advance(at(41s) - 1ns, writing);
  CHECK(timers.deadline(writing) == at(41s));
  CHECK(timers.advance(at(41s), writing) == due::write_timeout);
}

TEST_CASE("with a timeout of zero output may wait for any time") {
  connection_timers timers{{.message_timeout = 0s, .write_timeout = 0s}};
  CHECK(timers.deadline(writing) == never);
  CHECK(timers.advance(at(1s), writing) == due::nothing);
  CHECK(timers.deadline(writing) == never);
  CHECK(timers.advance(at(100h), writing) == due::nothing);
}

TEST_CASE("the timeout of a closing handshake begins with the first advance()") {
  connection_timers timers{{.close_timeout = 5s}};
  timers.advance(at(1s), reading);
  CHECK(timers.deadline(closing) == at_once);
  CHECK(timers.advance(at(2s), closing) == due::nothing);
  CHECK(timers.deadline(closing) == at(7s));
  CHECK(timers.advance(at(7s), closing) == due::close_timeout);
}

}  // namespace
