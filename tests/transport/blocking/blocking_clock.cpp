// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/blocking/blocking_clock.hpp"

#include <chrono>

#include "hawser/protocol/connection.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;

namespace {

using steady = std::chrono::steady_clock;
using blocking_clock = detail::blocking_clock<connection>;

constexpr steady::time_point one_hour{1h};

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

}  // namespace
