// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/session_counters.hpp"

#include <chrono>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

TEST_CASE("a message in parts counts once, with all its bytes") {
  hawser::detail::session_counters counters;
  counters.count_received(5);
  counters.count_received(3, false);
  counters.count_received(4, true);
  counters.count_sent(7, false);
  counters.count_sent(1);
  const auto now = counters.statistics();
  CHECK(now.messages_received == 2);
  CHECK(now.bytes_received == 12);
  CHECK(now.messages_sent == 1);
  CHECK(now.bytes_sent == 8);
  CHECK_FALSE(now.round_trip);
  counters.set_round_trip(20ms);
  CHECK(counters.statistics().round_trip == 20ms);
}

}  // namespace
