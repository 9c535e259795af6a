// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/driver_state.hpp"

#include <array>

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

constexpr std::array phases{driver_phase::open, driver_phase::reported, driver_phase::closed,
                            driver_phase::released};
constexpr std::array stream_operations{driver_operation::read, driver_operation::write,
                                       driver_operation::end};

constexpr driver_state in(driver_phase phase) {
  driver_state state;
  state.enter(phase);
  return state;
}

// No transition leads to an earlier phase, and entering the current phase again has no effect.
static_assert([] {
  for (const auto from : phases) {
    for (const auto to : phases) {
      auto state = in(from);
      if (state.enter(to) != (to > from)) return false;
      if (state.phase() != (to > from ? to : from)) return false;
    }
  }
  return true;
}());

static_assert(!in(driver_phase::reported).is_closed());
static_assert(in(driver_phase::closed).is_closed());
static_assert(in(driver_phase::released).is_closed());

// The stream may be destroyed when it is released and no operation uses it; a turn that is posted does not.
static_assert([] {
  for (const auto phase : phases) {
    auto state = in(phase);
    state.begin(driver_operation::turn);
    if (state.may_destroy_stream() != (phase == driver_phase::released)) return false;
    for (const auto one : stream_operations) {
      state.begin(one);
      if (state.may_destroy_stream()) return false;
      state.complete(one);
    }
    if (state.may_destroy_stream() != (phase == driver_phase::released)) return false;
  }
  return true;
}());

TEST_CASE("an operation of a driver is under way once") {
  driver_state state;
  for (const auto one : stream_operations) {
    CHECK(state.begin(one));
    CHECK_FALSE(state.begin(one));
    CHECK(state.has(one));
  }
  state.complete(driver_operation::write);
  CHECK(state.begin(driver_operation::write));
}

TEST_CASE("lost operations of the stream may begin again, a turn that is posted may not") {
  driver_state state;
  for (const auto one : stream_operations) state.begin(one);
  state.begin(driver_operation::turn);
  state.lose_stream_operations();
  for (const auto one : stream_operations) CHECK_FALSE(state.has(one));
  CHECK_FALSE(state.begin(driver_operation::turn));
}

TEST_CASE("a pause of a driver ends once") {
  driver_state state;
  CHECK_FALSE(state.is_paused());
  CHECK_FALSE(state.end_pause());
  state.pause();
  CHECK(state.is_paused());
  CHECK(state.end_pause());
  CHECK_FALSE(state.is_paused());
}

TEST_CASE("output is held until each reason is gone") {
  driver_state state;
  CHECK_FALSE(state.is_held());
  state.hold(output_hold::events);
  state.hold(output_hold::cork);
  state.release(output_hold::events);
  CHECK(state.is_held());
  CHECK(state.is_held(output_hold::cork));
  CHECK_FALSE(state.is_held(output_hold::events));
  state.release(output_hold::cork);
  CHECK_FALSE(state.is_held());
}

}  // namespace
