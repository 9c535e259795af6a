// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/backoff.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <set>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using hawser::backoff;
using hawser::backoff_schedule;
using hawser::jitter;
using hawser::wait_before;

namespace {

using duration = backoff::duration;
using time_point = std::chrono::steady_clock::time_point;

constexpr time_point origin{24h};

/// Returns the same value in each call.
struct constant {
  std::uint32_t value;
  constexpr std::uint32_t operator()() const noexcept { return value; }
};

constexpr constant least{0};
constexpr constant half{0x8000'0000};
constexpr constant most{0xFFFF'FFFF};

/// The waits of a client that never gets a connection.
template <class Source>
std::vector<duration> waits(std::size_t count, const backoff& settings, Source source) {
  backoff_schedule schedule{settings, source};
  std::vector<duration> found;
  auto now = origin;
  while (found.size() < count) {
    const auto next = schedule.disconnected(now);
    if (!next) break;
    found.push_back(*next - now);
    now = *next;
  }
  return found;
}

static_assert(wait_before(0, {}) == 0s);
static_assert(wait_before(1, {}) == 0s);
static_assert(wait_before(2, {}) == 1s);
static_assert(wait_before(3, {}) == 2s);
static_assert(wait_before(6, {}) == 16s);
static_assert(wait_before(7, {}) == 30s);
static_assert(wait_before(0xFFFF'FFFF, {}) == 30s);

TEST_CASE("the first retry is immediate, and the waits double up to the cap") {
  const std::vector<duration> expected{0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s};
  CHECK(waits(9, {.spread = jitter::none}, most) == expected);
}

TEST_CASE("base, factor and cap determine the waits") {
  const struct {
    backoff settings;
    std::vector<duration> expected;
  } table[] = {
      {{.base = 100ms, .cap = 1s, .factor = 3}, {0s, 100ms, 300ms, 900ms, 1s, 1s}},
      {{.base = 5s, .cap = 60s, .factor = 1}, {0s, 5s, 5s, 5s}},
      {{.base = 5s, .cap = 60s, .factor = 0}, {0s, 5s, 5s, 5s}},
      {{.base = 5s, .cap = 2s}, {0s, 2s, 2s}},
      {{.base = 0s}, {0s, 0s, 0s}},
      {{.base = 1s, .cap = 0s}, {0s, 1s, 2s, 4s, 8s, 16s, 32s, 64s}},
      {{.base = 1s, .cap = 4s}, {0s, 1s, 2s, 4s, 4s}},
      {{.base = 1s, .cap = 30s, .factor = 0xFFFF'FFFF}, {0s, 1s, 30s, 30s}},
  };
  for (auto row : table) {
    CAPTURE(row.settings.base, row.settings.cap, row.settings.factor);
    row.settings.spread = jitter::none;
    CHECK(waits(row.expected.size(), row.settings, most) == row.expected);
  }
}

TEST_CASE("waits without a cap never overflow") {
  const backoff settings{.cap = (duration::max)(), .spread = jitter::none};
  backoff_schedule schedule{settings, most};
  auto now = origin;
  for (int i = 0; i < 100; ++i) {
    const auto next = schedule.disconnected(now);
    REQUIRE(next);
    CHECK(*next >= now);
    now = *next;
  }
  CHECK(now == (time_point::max)());
  CHECK(wait_before(1000, settings) == (duration::max)());
}

TEST_CASE("with full jitter a wait is a random part of the full wait") {
  CHECK(waits(5, {}, least) == std::vector<duration>(5, 0s));
  CHECK(waits(8, {}, half) == std::vector<duration>{0s, 500ms, 1s, 2s, 4s, 8s, 15s, 15s});
  const auto longest = waits(8, {}, most);
  for (unsigned i = 1; i < longest.size(); ++i) {
    CAPTURE(i);
    const auto full = wait_before(i + 1, {});
    CHECK(longest[i] < full);
    CHECK(longest[i] > full - 1us);
  }
  // A long wait neither overflows nor loses precision.
  const backoff years{.base = duration::max(), .cap = duration::max()};
  CHECK(waits(2, years, half)[1] == duration{duration::max().count() / 2});
}

TEST_CASE("each wait has a new random value") {
  struct counting {
    std::uint32_t value = 0;
    std::uint32_t operator()() noexcept { return value += 0x4000'0000; }
  };
  const backoff flat{.factor = 1};
  CHECK(waits(5, flat, counting{}) == std::vector<duration>{0s, 250ms, 500ms, 750ms, 0s});
}

TEST_CASE("the system's jitter differs from one client to the next") {
  std::set<duration> seen;
  for (int i = 0; i < 20; ++i) {
    const auto wait = waits(2, {}, hawser::system_jitter{})[1];
    CHECK(wait < 1s);
    seen.insert(wait);
  }
  CHECK(seen.size() > 15);
}

TEST_CASE("a long connection restarts the schedule, a short one does not") {
  backoff_schedule schedule{{.spread = jitter::none, .healthy_after = 10s}, most};
  auto now = origin;
  CHECK(schedule.disconnected(now) == now);
  CHECK(schedule.disconnected(now) == now + 1s);
  schedule.connected(now);
  now += 10s - 1ns;
  CHECK(schedule.disconnected(now) == now + 2s);
  CHECK(schedule.attempts() == 3);
  schedule.connected(now);
  now += 10s;
  CHECK(schedule.disconnected(now) == now);
  CHECK(schedule.attempts() == 1);
  // The time without a connection does not count.
  now += 1h;
  CHECK(schedule.disconnected(now) == now + 1s);
}

TEST_CASE("the attempts in a row are limited") {
  CHECK(waits(9, {.spread = jitter::none, .max_attempts = 3}, most) ==
        std::vector<duration>{0s, 1s, 2s});
  CHECK(waits(1000, {}, least).size() == 1000);

  backoff_schedule schedule{{.healthy_after = 10s, .max_attempts = 1}, most};
  CHECK(schedule.disconnected(origin));
  CHECK_FALSE(schedule.disconnected(origin));
  CHECK_FALSE(schedule.disconnected(origin));
  schedule.connected(origin);
  CHECK(schedule.disconnected(origin + 10s));
  CHECK_FALSE(schedule.disconnected(origin + 10s));
  schedule.reset();
  CHECK(schedule.attempts() == 0);
  CHECK(schedule.disconnected(origin + 10s));
}

TEST_CASE("a server's Retry-After is the minimum of the next wait, and of no other") {
  const backoff exact{.spread = jitter::none};
  backoff_schedule schedule{exact, most};
  CHECK(schedule.disconnected(origin, 5s) == origin + 5s);
  CHECK(schedule.disconnected(origin, 500ms) == origin + 1s);
  CHECK(schedule.disconnected(origin) == origin + 2s);
  CHECK(schedule.disconnected(origin, 120s) == origin + 120s);
  CHECK(schedule.disconnected(origin, -1s) == origin + 8s);
}

TEST_CASE("clients with the same Retry-After come back at different times") {
  backoff_schedule early{{}, least};
  backoff_schedule middle{{}, half};
  CHECK(early.disconnected(origin, 5s) == origin + 5s);
  CHECK(middle.disconnected(origin, 5s) == origin + 5s + 500ms);
  CHECK(middle.disconnected(origin, 5s) == origin + 5s + 500ms);
  CHECK(middle.disconnected(origin, 5s) == origin + 5s + 1s);
  CHECK(middle.disconnected(origin) == origin + 2s);
  CHECK(middle.disconnected(origin, duration::max()) == (time_point::max)());
}

/// The schedule as a constant expression.
constexpr bool is_constant() {
  backoff_schedule schedule{{}, half};
  bool good = schedule.disconnected(origin) == origin;
  good = good && schedule.disconnected(origin) == origin + 500ms;
  schedule.connected(origin);
  return good && schedule.disconnected(origin + 1min) == origin + 1min && schedule.attempts() == 1;
}
static_assert(is_constant());

}  // namespace
