// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/virtual_clock.hpp"

#include <chrono>
#include <thread>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

TEST_CASE("a virtual clock moves only when it is advanced") {
  hawser::virtual_clock clock;
  const auto start = clock.now();
  CHECK(clock.now() == start);
  clock.advance(5s);
  CHECK(clock.now() == start + 5s);
  clock.advance(1ns);
  CHECK(clock.now() == start + 5s + 1ns);
}

TEST_CASE("a virtual clock never goes back") {
  hawser::virtual_clock clock;
  const auto start = clock.now();
  clock.advance_to(start + 1min);
  CHECK(clock.now() == start + 1min);
  clock.advance_to(start + 59s);
  CHECK(clock.now() == start + 1min);
}

TEST_CASE("a virtual clock does not start near zero") {
  const auto start = hawser::virtual_clock{}.now();
  CHECK(start - 1h > hawser::virtual_clock::time_point{});
  CHECK(start + 24h < hawser::virtual_clock::time_point::max());
}

TEST_CASE("two threads may advance a virtual clock, and no time is lost") {
  hawser::virtual_clock clock;
  const auto start = clock.now();
  const auto tick = [&] {
    for (int i = 0; i < 1'000; ++i) clock.advance(1ms);
  };
  std::thread other{tick};
  tick();
  other.join();
  CHECK(clock.now() == start + 2s);
}

}  // namespace
