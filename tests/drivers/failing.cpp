// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include "drivers/drivers.hpp"
#include "drivers/echo_peer.hpp"
#include "drivers/talk.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

// A peer that reads nothing

TEST_CASE("a write to a peer that reads nothing ends at the write timeout") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.write_timeout = 20s}, .far_capacity = 10});
  const auto ec = near->write(std::string(100, 'x'));
  CHECK(ec == (one.how->waits ? make_error_code(errc::write_timeout) : std::error_code{}));
  CHECK(near->receive() == "closed{1006, the peer took no data for too long}");
  CHECK(near->elapsed() == 20s);
  CHECK(near->write("x") == errc::closed);
}

TEST_CASE("a write does not time out while the peer reads a little from time to time") {
  const auto one = GENERATE(from_range(drivers_that(&driver::sees_bytes)));
  INFO(one);
  const auto near = one.begin({.options = {.write_timeout = 20s}, .far_capacity = 10});
  const std::string text(100, 'x');
  near->when_idle([&] {
    near->advance(19s);
    near->far().seen();
  });
  CHECK_FALSE(near->write(text));
  if (!one.how->waits) CHECK(near->receive(180s) == "nothing");
  CHECK(near->elapsed() > 100s);
  CHECK(near->far().frames() == lines{"text " + shown(as_bytes(text))});
  CHECK(near->is_open());
}

TEST_CASE("a close to a peer that reads nothing ends at the close timeout") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.close_timeout = 5s}, .far_capacity = 0});
  CHECK(near->close() == errc::close_timeout);
  CHECK(near->elapsed() == 5s);
}

TEST_CASE("messages keep arriving while the peer reads no pongs") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin({.options = {.write_timeout = 20s}, .far_capacity = 1});
  near->far().send(frame_from(one.peer(), opcode::ping, "?"));
  bool said = false;
  near->when_idle([&] {
    if (!std::exchange(said, true)) {
      near->far().send(frame_from(one.peer(), opcode::text, "Hello"));
    }
  });
  CHECK(near->receive() == "text \"Hello\"");
  CHECK(near->elapsed() < 20s);
  near->when_idle([&] { near->far().seen(); });
  CHECK(near->receive(1s) == "nothing");
  CHECK(near->far().frames() == lines{"pong \"?\""});
}

TEST_CASE("messages that arrived before a write failed can still be read") {
  const auto one = GENERATE(from_range(every_driver()));
  const bool tells_the_end = GENERATE(true, false);
  INFO(one);
  const auto near = one.begin();
  auto& far = near->far();
  far.send(frame_from(one.peer(), opcode::text, "first") +
           frame_from(one.peer(), opcode::text, "second"));
  if (tells_the_end) far.send(close_from(one.peer(), 1001, "bye"));
  far.vanish();
  const auto ec = near->write("x");
  CHECK((one.how->waits ? ec == std::errc::broken_pipe : !ec));
  CHECK(near->write("x") == errc::closed);
  CHECK(near->receive() == "text \"first\"");
  CHECK(near->receive() == "text \"second\"");
  const auto end = near->receive();
  // A driver that reads by itself may have read the Close before its write fails.
  const bool may_be_clean = tells_the_end && !one.how->waits && !one.how->polls;
  if (!may_be_clean || end != "closed{1001, clean, \"bye\"}") {
    CHECK(end == (tells_the_end ? "closed{1001, Broken pipe}" : "closed{1006, Broken pipe}"));
    CHECK(near->close_reason().error == std::errc::broken_pipe);
    CHECK_FALSE(near->close_reason().clean);
  }
}

// A call of the stream that fails

/// A long conversation. Whichever call fails, every call returns, and all report the same end.
void converse(const subject& one, talk& near) {
  (void)near.write("Hello");
  (void)near.ping(as_bytes("?"));
  (void)near.write(bytes_view{byte_vector(20'000)});
  if (one.how->reads) {
    (void)near.write_part({message_kind::text, as_bytes("in ")}, part::more);
    (void)near.write_part({message_kind::text, as_bytes("pieces")}, part::last);
  } else {
    (void)near.write("in pieces");
  }
  for (const std::string expected :
       {"text \"Hello\"", "binary 20000 bytes", "text \"in pieces\""}) {
    const auto received = near.receive();
    if (received.starts_with("closed{")) return;
    CHECK(received.starts_with(expected));
  }
}

/// Runs the conversation with the n-th call failing. Returns whether there was an n-th call.
bool fails(const subject& one, std::size_t n, std::errc fault, bool far_closes) {
  INFO("call " << n << " fails");
  const auto near = one.begin({.options = {.close_timeout = 5s},
                               .max_read = 9'000,
                               .max_write = 9'000,
                               .failing_call = n,
                               .fault = fault});
  echo_peer far{near->far(), one.peer()};
  near->when_idle([&] { far.step(); });
  converse(one, *near);
  if (far_closes) {
    (void)far.connection().close(close_code::going_away);
    far.step();
    CHECK(near->receive().starts_with("closed{"));
  }
  const auto result = near->close();
  const bool failed = near->calls() >= n;

  const auto end = near->close_reason();
  CHECK(end.error == result);
  CHECK(end.clean == !end.error);
  CHECK(end.clean == (end.code != close_code::abnormal));
  if (fault == std::errc::operation_would_block || !failed) CHECK(end.clean);
  if (!end.clean) CHECK(end.error == fault);
  CHECK_FALSE(near->is_open());
  CHECK(near->receive() == shown(end));
  CHECK(near->write("x") == condition::closed);
  CHECK(shown(near->close_reason()) == shown(end));
  CHECK(near->elapsed() <= 5s);
  return failed;
}

void fail_each_call(const subject& one, std::errc fault) {
  const bool far_closes = GENERATE(false, true);
  std::size_t n = 1;
  while (fails(one, n, fault, far_closes)) ++n;
  CHECK(n > 10);
}

TEST_CASE("whichever call of the stream fails, a conversation ends once and with that error") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  fail_each_call(one, std::errc::connection_reset);
}

TEST_CASE("whichever call of the stream would block, a conversation continues") {
  const auto one = GENERATE(from_range(drivers_that(&driver::polls)));
  INFO(one);
  fail_each_call(one, std::errc::operation_would_block);
}

}  // namespace
