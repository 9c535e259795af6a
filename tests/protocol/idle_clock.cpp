// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/idle_clock.hpp"

#include <chrono>

#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/printers.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("an idle clock begins at its first advance()") {
  idle_clock clock{10s};
  CHECK_FALSE(clock.is_over(at(1h)));
  CHECK_FALSE(clock.advance(at(1h)));
  CHECK(clock.deadline() == at(1h + 10s));
  CHECK_FALSE(clock.advance(at(1h + 10s) - 1ns));
  CHECK(clock.advance(at(1h + 10s)));
}

TEST_CASE("an idle clock restarts at a message that arrives, and at the advance() after a send") {
  idle_clock clock{10s};
  clock.advance(at(0s));
  clock.received(at(9s));
  CHECK(clock.deadline() == at(19s));
  clock.restart();
  CHECK_FALSE(clock.is_over(at(19s)));
  CHECK_FALSE(clock.advance(at(19s)));
  CHECK(clock.deadline() == at(29s));
}

TEST_CASE("an idle clock without a timeout never expires") {
  idle_clock clock{0s};
  CHECK(clock.deadline() == never);
  CHECK_FALSE(clock.advance(at(0s)));
  CHECK_FALSE(clock.advance(at(1000h)));
  CHECK_FALSE(idle_clock{idle_clock::duration::max()}.advance(at(1000h)));
}

}  // namespace
