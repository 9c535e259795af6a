// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/turn_budget.hpp"

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a turn ends with its last byte or its last event") {
  turn_budget left;
  left.begin({.bytes = 100, .events = 2});
  left.spend_bytes(99);
  left.spend_event();
  CHECK_FALSE(left.used_up());
  SECTION("bytes") { left.spend_bytes(1); }
  SECTION("more bytes than there are left") { left.spend_bytes(5000); }
  SECTION("events") { left.spend_event(); }
  CHECK(left.used_up());
  left.begin({.bytes = 100, .events = 2});
  CHECK_FALSE(left.used_up());
}

TEST_CASE("a limit of zero is no limit, and so is a turn that has not begun") {
  turn_budget left;
  if (GENERATE(true, false)) left.begin({.bytes = 0, .events = 0});
  for (int i = 0; i < 100; ++i) {
    left.spend_bytes(static_cast<std::size_t>(-1));
    left.spend_event();
  }
  CHECK_FALSE(left.used_up());
}

}  // namespace
