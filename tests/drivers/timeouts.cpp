// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <string>

#include "drivers/drivers.hpp"
#include "drivers/talk.hpp"
#include "hawser/frame/opcode.hpp"
#include "support/catch.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

// Reads with a timeout, which sessions do not have.

namespace {

TEST_CASE("a read with a timeout waits exactly that long, and the connection stays open") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  const auto near = one.begin();
  CHECK(near->receive(3s) == "nothing");
  CHECK(near->elapsed() == 3s);

  const auto wire = frame_from(one.peer(), opcode::text, "half of it");
  near->far().send(byte_vector{wire.begin(), wire.begin() + 8});
  CHECK(near->receive(2s) == "nothing");
  CHECK(near->elapsed() == 5s);
  near->far().send(byte_vector{wire.begin() + 8, wire.end()});
  CHECK(near->receive(0s) == "text \"half of it\"");
  CHECK(near->elapsed() == 5s);
  CHECK(near->is_open());
  CHECK_FALSE(near->write("still here"));
}

TEST_CASE("a read with a timeout of zero takes what has arrived") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  const auto near = one.begin();
  CHECK(near->receive(0s) == "nothing");
  near->far().send(frame_from(one.peer(), opcode::text, "there"));
  CHECK(near->receive(0s) == "text \"there\"");
  CHECK(near->receive(-1s) == "nothing");
  const auto half = frame_from(one.peer(), opcode::text, "half of it", fin::no);
  near->far().send(byte_vector{half.begin(), half.end() - 1});
  CHECK(near->receive(0s) == "nothing");
  CHECK(near->receive_part(0s) == "text part first \"half of i\"");
  CHECK(near->receive_part(0s) == "nothing");
  CHECK(near->elapsed() == 0s);
}

TEST_CASE("a read with a timeout distinguishes the end of the connection from its timeout") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  const auto near = one.begin();
  near->far().hang_up();
  const std::string end = "closed{1006, the peer ended the stream without a Close frame}";
  CHECK(near->receive(3s) == end);
  CHECK(near->receive_part(3s) == end);
  CHECK(near->elapsed() == 0s);
}

TEST_CASE("a timeout ends a read although bytes keep arriving") {
  const auto one = GENERATE(from_range(drivers_that(&driver::reads)));
  INFO(one);
  const auto near =
      one.begin({.options = {.keep_alive_interval = 0s}, .max_read = 1, .read_takes = 100ms});
  for (int i = 0; i < 20; ++i) near->far().send(frame_from(one.peer(), opcode::ping, ""));
  near->far().send(frame_from(one.peer(), opcode::text, "a long message"));
  CHECK(near->receive(3s) == "nothing");
  CHECK(near->elapsed() == 3s);
  CHECK(near->receive(10min) == "text \"a long message\"");
}

}  // namespace
