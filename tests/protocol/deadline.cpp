// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/deadline.hpp"

#include <chrono>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;
constexpr auto latest = time_point::max();

static_assert(hawser::deadline_after(time_point{1s}, 2s) == time_point{3s});
static_assert(hawser::deadline_after(time_point{1s}, 0s) == time_point{1s});
static_assert(hawser::deadline_after(latest - 2s, 1s) == latest - 1s);
static_assert(hawser::deadline_after(latest - 2s, 2s) == latest);
static_assert(hawser::deadline_after(latest, duration{1}) == latest);

TEST_CASE("a deadline that would overflow is never reached") {
  CHECK(hawser::deadline_after(latest - 2s, 3s) == latest);
  CHECK(hawser::deadline_after(time_point{1s}, duration::max()) == latest);
  CHECK(hawser::deadline_after(time_point{}, duration::max()) == latest);
  CHECK(hawser::deadline_after(latest, duration::max()) == latest);
}

TEST_CASE("a negative timeout gives an earlier deadline") {
  CHECK(hawser::deadline_after(time_point{5s}, -1s) == time_point{4s});
}

}  // namespace
