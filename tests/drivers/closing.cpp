// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "drivers/drivers.hpp"
#include "drivers/talk.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "support/catch.hpp"
#include "support/closings.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("a connection ends as the table says, for each way to close",
          "[rfc-5.5.1][rfc-7.1.1][rfc-7.1.2][rfc-7.1.5][rfc-7.1.7]") {
  const auto one = GENERATE(from_range(every_driver()));
  const auto row = GENERATE(range(std::size_t{0}, closings().size()));
  const auto most = GENERATE(std::size_t{1}, talk_settings::never);
  const bool waits = GENERATE(true, false);
  const auto& ending = closings()[row];
  INFO(ending.name << ", to " << one << (waits ? ", that waits" : ""));
  const auto near = one.begin({.options = {.close_timeout = 5s}, .max_read = most});
  const auto end = [&]() -> lines {
    const auto& close = ending.close;
    if (!close || !waits) {
      if (close) CHECK_FALSE(near->begin_close(close->code, close->reason));
      return near->receive_all();
    }
    // A driver that waits in close() gets the end there; the others get it from a read.
    const auto ec = near->close(close->code, close->reason);
    CHECK(ec == near->close_reason().error);
    return {shown(near->close_reason())};
  };
  check_closing(ending, one.own_role, near->far(), end);
  CHECK_FALSE(near->is_open());
  CHECK(near->write("x") == errc::closed);
  CHECK(near->elapsed() == (ending.then == farewell::stays ? 5s : 0s));
}

TEST_CASE("close waits for the peer's Close and for the end of the stream",
          "[rfc-7.1.1][rfc-7.1.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin();
  auto& far = near->far();
  int turn = 0;
  near->when_idle([&] {
    near->advance(1s);
    if (++turn == 1) {
      CHECK(far.frames() == lines{"close 1000 \"bye\""});
      far.send(frame_from(one.peer(), opcode::text, "too late") + close_from(one.peer(), 1000));
    } else if (turn == 2) {
      CHECK(far.over() == (one.own_role == role::server));
      far.hang_up();
    }
  });
  CHECK_FALSE(near->close(close_code::normal, "bye"));
  CHECK(far.frames().size() == 1);
  CHECK(far.over());
  CHECK(shown(near->close_reason()) == "closed{1000, clean}");
  CHECK(near->elapsed() == 2s);
  CHECK_FALSE(near->is_open());
}

TEST_CASE("a code or reason that must not be sent is refused, and the connection stays open",
          "[rfc-7.4]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near = one.begin();
  CHECK(near->close(close_code::abnormal) == errc::bad_close_code);
  CHECK(near->close(std::nullopt, "why") == errc::bad_close_code);
  CHECK(near->close(close_code::normal, std::string(124, 'x')) == errc::close_reason_too_long);
  CHECK(near->begin_close(close_code::normal, "\xFF") == errc::invalid_utf8);
  CHECK(near->is_open());
  CHECK_FALSE(near->write("on"));
  near->when_idle([&] {
    if (near->far().frames().size() < 2) return;
    near->far().send(close_from(one.peer(), 1000));
    near->far().hang_up();
  });
  CHECK_FALSE(near->close(std::nullopt));
  CHECK(near->far().frames() == lines{"text \"on\"", "close"});
}

TEST_CASE("after the end every call fails and nothing is sent") {
  const auto one = GENERATE(from_range(every_driver()));
  const bool at_once = GENERATE(true, false);
  INFO(one);
  const auto near = one.begin();
  if (at_once) {
    near->close_now();
  } else {
    near->far().hang_up();
  }
  const std::string why = at_once ? "closed{1006, the connection was ended from this side}"
                                  : "closed{1006, the peer ended the stream without a Close frame}";
  CHECK(near->receive() == why);
  CHECK(near->write("x") == errc::closed);
  CHECK(near->write(bytes_view{}) == errc::closed);
  CHECK(near->write_owned("x") == errc::closed);
  CHECK(near->ping() == errc::closed);
  CHECK(near->close() == near->close_reason().error);
  near->close_now();
  CHECK(near->receive() == why);
  CHECK(near->receive_part() == why);
  CHECK_FALSE(near->is_open());
  CHECK(shown(near->close_reason()) == why);
  CHECK(near->far().frames().empty());
  CHECK(near->elapsed() == 0s);
  if (one.how->reads) CHECK(near->write_part({}, part::last) == errc::closed);
  if (one.how->begins_to_close) CHECK(near->begin_close() == errc::closed);
}

TEST_CASE("after the closing handshake has begun nothing more is sent, and the connection ends",
          "[rfc-7.1.2]") {
  const auto one = GENERATE(from_range(every_driver()));
  const bool answers = GENERATE(true, false);
  INFO(one);
  const auto near = one.begin({.options = {.close_timeout = 5s}});
  CHECK_FALSE(near->begin_close(close_code::going_away));
  CHECK(near->elapsed() == 0s);
  CHECK(near->far().frames() == lines{"close 1001"});
  CHECK_FALSE(near->is_open());
  CHECK(near->write("x") == errc::closed);
  CHECK(near->ping() == errc::closed);
  if (one.how->begins_to_close) CHECK(near->begin_close() == errc::closed);
  if (answers) {
    near->far().send(close_from(one.peer(), 1001));
    near->far().hang_up();
  }
  CHECK(near->receive() == (answers
                                ? "closed{1001, clean}"
                                : "closed{1006, the peer did not finish the closing handshake in "
                                  "time}"));
  CHECK(near->far().frames() == lines{"close 1001"});
  CHECK(near->elapsed() == (answers ? 0s : 5s));
}

TEST_CASE("a peer that reads nothing after its Close is waited for until the close timeout at most",
          "[rfc-7.1.1]") {
  const auto one = GENERATE(from_range(every_driver()));
  const bool begins = GENERATE(true, false);
  const bool ends = GENERATE(true, false);
  INFO(one);
  const auto near = one.begin({.options = {.close_timeout = 30s}, .far_capacity = 3});
  auto& far = near->far();
  bool closed = false;
  near->when_idle([&] {
    if (!closed) closed = far.frames() == lines{"close 1000"};
  });
  if (begins) CHECK_FALSE(near->begin_close());
  far.send(close_from(one.peer(), 1000));
  if (ends) far.hang_up();
  CHECK(near->receive() == "closed{1000, clean}");
  CHECK(far.frames() == lines{"close 1000"});
  CHECK(near->elapsed() <= 30s);
}

TEST_CASE("a closing side reads what the peer must send before it can read the Close",
          "[rfc-7.1.1]") {
  const auto one = GENERATE(from_range(every_driver()));
  INFO(one);
  const auto near =
      one.begin({.options = {.close_timeout = 60s}, .near_capacity = 10, .far_capacity = 3});
  auto& far = near->far();
  for (int i = 0; i < 20; ++i) far.send(frame_from(one.peer(), opcode::text, "never read"));
  bool answered = false;
  near->when_idle([&] {
    if (far.unsaid() != 0 || far.frames() != lines{"close 1000"}) return;
    if (!std::exchange(answered, true)) far.send(close_from(one.peer(), 1000));
    far.hang_up();
  });
  CHECK_FALSE(near->close());
  CHECK(shown(near->close_reason()) == "closed{1000, clean}");
  CHECK(near->elapsed() < 60s);
}

}  // namespace
