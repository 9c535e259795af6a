// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/blocking_clock.hpp"

#include <chrono>

#include "hawser/protocol/connection.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;

namespace {

using steady = std::chrono::steady_clock;
using blocking_clock = detail::blocking_clock<connection>;

constexpr steady::time_point one_hour{1h};

/// Consumes the connection's output.
void write_all(connection& peer) {
  while (!peer.output().empty()) peer.consume_output(peer.output().size());
}

TEST_CASE("a thread waits for input no longer than closing may take, and for 100 ms at least") {
  connection peer{role::server, {.keep_alive_interval = 0s, .message_timeout = 0s}};
  blocking_clock with_timeout{peer, 5s};
  CHECK(with_timeout.deadline(one_hour) == one_hour + 5s);
  blocking_clock hasty{peer, 1ms};
  CHECK(hasty.deadline(one_hour) == one_hour + 100ms);
}

TEST_CASE("a thread waits for input until the connection has something to do") {
  connection peer{role::server, {.keep_alive_interval = 2s}};
  blocking_clock time{peer, 5s};
  CHECK(time.deadline(one_hour) == one_hour + 2s);
}

TEST_CASE("the answer to the keep-alive is not overdue before a thread has read") {
  connection peer{role::server, {.keep_alive_interval = 2s, .keep_alive_timeout = 3s}};
  blocking_clock time{peer, 5s};
  time.advance(one_hour);
  time.advance(one_hour + 2s);
  CHECK_FALSE(peer.output().empty());
  write_all(peer);
  const bool answered = GENERATE(true, false);
  time.advance_leniently(one_hour + 1h);
  CHECK(peer.state() == close_state::open);
  if (answered) time.received(one_hour + 1h);
  time.advance(one_hour + 1h);
  CHECK((peer.state() == close_state::open) == answered);
}

}  // namespace
