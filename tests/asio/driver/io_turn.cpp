// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/io_turn.hpp"

#include <cstddef>
#include <functional>
#include <string>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>

#include "hawser/asio/session.hpp"
#include "hawser/base/error.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/lone_session.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

namespace io_turn_tests {

using namespace hawser;
using namespace hawser::test;

/// Two sessions of one context; a message to the first calls a function of the test.
struct two_sessions {
  asio::io_context context{1};
  lone_session one{&context};
  lone_session two{&context};
  session other;
  bool pauses = false;  // the second one, after each message

  explicit two_sessions(std::function<void()> act) {
    one.handlers.on_message = [act](session&, message_view) { act(); };
    two.handlers.on_message = [this](session& own, message_view view) {
      two.story.push_back(shown(view));
      if (pauses) own.pause();
    };
    one.open();
    other = two.open();
    one.send(frame_from(role::client, opcode::text, "go"));
  }

  /// How many bytes have left for the second session's peer.
  std::size_t sent() { return two.far.available(); }

  lines received() {
    byte_vector seen(sent());
    asio::read(two.far, asio::buffer(seen));
    return frames_shown(seen);
  }
};

TEST_CASE(
    "what a handler sends to other sessions of its thread leaves when its turn ends, in order") {
  two_sessions both{[&] {
    both.other.send("one");
    both.other.ping(as_bytes("two"));
    both.other.send("three");
    CHECK(both.sent() == 0);
  }};
  both.context.poll();
  CHECK(both.received() == lines{"text \"one\"", "ping \"two\"", "text \"three\""});
}

TEST_CASE("messages of several handlers of a turn leave together") {
  int handlers = 0;
  two_sessions both{[&] {
    CHECK(both.sent() == 0);
    both.other.send(std::to_string(++handlers));
  }};
  both.one.send(frame_from(role::client, opcode::text, "go on"));
  both.context.poll();
  CHECK(both.received() == lines{"text \"1\"", "text \"2\""});
}

TEST_CASE("more than 64 KiB for another session do not wait for the end of the turn") {
  two_sessions both{[&] {
    both.other.send(std::string(100'000, 'x'));
    CHECK(both.sent() > 0);
  }};
  both.context.poll();
}

TEST_CASE("a session that a handler of another one closes gets its last messages, then the Close",
          "[rfc-5.5.1]") {
  two_sessions both{[&] {
    both.other.send("last");
    CHECK_FALSE(both.other.close());
    CHECK(both.other.send("late") == errc::closed);
  }};
  both.context.poll();
  CHECK(both.received() == lines{"text \"last\"", "close 1000"});
}

TEST_CASE("a session that a handler of another one ends at once writes nothing afterwards") {
  two_sessions both{[&] {
    both.other.send("never seen");
    both.other.close_now();
    both.other = {};
  }};
  both.context.poll();
  CHECK(both.sent() == 0);
  REQUIRE(both.two.story.size() == 2);
  CHECK(both.two.story.back().find("closed{1006") == 0);
}

TEST_CASE("a peer that has vanished is noticed when the turn ends, and ends its session only") {
  two_sessions both{[&] {
    both.two.far.close();
    both.other.send("to nobody");
    both.other.send("again");
  }};
  both.context.poll();
  CHECK(both.two.story.size() == 2);
  CHECK_FALSE(both.other.is_open());
  both.one.send(frame_from(role::client, opcode::ping, "p"));
  both.context.poll();
  CHECK(both.one.far.available() != 0);
}

TEST_CASE("a handler that runs another context sends to its sessions at once") {
  lone_session third;
  auto last = third.open();
  two_sessions both{[&] {
    asio::post(third.context, [&] {
      last.send("at once");
      CHECK(third.far.available() != 0);
    });
    third.context.restart();
    third.context.poll();
  }};
  both.context.poll();
}

TEST_CASE("a turn inside a turn ends by itself") {
  two_sessions both{[&] {
    both.other.send("one");
    both.two.send(frame_from(role::client, opcode::ping, "inner"));
    both.context.poll();
    CHECK(both.sent() == 0);
    both.other.send("two");
  }};
  both.context.poll();
  CHECK(both.received() == lines{"text \"one\"", "pong \"inner\"", "text \"two\""});
}

TEST_CASE(
    "a function that holds and releases the output inside of a turn ends the hold of the turn") {
  two_sessions both{[&] {
    both.other.send("one");
    asio::post(both.context, [&] {
      both.other.hold_output();
      both.other.send("two");
      CHECK(both.sent() == 0);
      both.other.release_output();
      CHECK(both.sent() != 0);
    });
    both.context.poll();
    both.other.send("three");
  }};
  both.context.poll();
  CHECK(both.received() == lines{"text \"one\"", "text \"two\"", "text \"three\""});
}

TEST_CASE(
    "a session whose output is held reports what it has read, after resume(), when the turn ends") {
  two_sessions both{[&] {
    const auto before = both.two.story.size();
    both.other.send("one");
    both.other.resume();
    CHECK(both.two.story.size() == before);
  }};
  both.context.poll();
  CHECK(both.received() == lines{"text \"one\""});
  both.pauses = true;
  both.two.send(frame_from(role::client, opcode::text, "first"));
  both.two.send(frame_from(role::client, opcode::text, "second"));
  both.context.poll();
  REQUIRE(both.two.story == lines{"open", "text \"first\""});
  both.one.send(frame_from(role::client, opcode::text, "go on"));
  both.context.poll();
  CHECK(both.two.story == lines{"open", "text \"first\"", "text \"second\""});
  CHECK(both.received() == lines{"text \"one\""});
}

TEST_CASE("outside of a turn each message is written when it is sent") {
  two_sessions both{[] {}};
  both.context.poll();
  asio::post(both.context, [&] {
    both.other.send("one");
    CHECK(both.sent() != 0);
  });
  both.context.restart();
  both.context.poll();
}

}  // namespace io_turn_tests
