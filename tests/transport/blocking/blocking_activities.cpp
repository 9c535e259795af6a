// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/blocking/blocking_activities.hpp"

#include <mutex>
#include <stdexcept>
#include <thread>

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

TEST_CASE("an activity begins once until it ends, and does not affect the others") {
  blocking_activities all;
  CHECK(all.begin(blocking_activity::message));
  CHECK_FALSE(all.begin(blocking_activity::message));
  CHECK(all.has(blocking_activity::message));
  CHECK_FALSE(all.has(blocking_activity::reading));
  all.end(blocking_activity::message);
  CHECK_FALSE(all.has(blocking_activity::message));
  CHECK(all.begin(blocking_activity::message));
}

TEST_CASE(
    "the activity of a scope ends, also by an exception, and wakes a thread that waits for it") {
  std::mutex mutex;
  blocking_activities all;
  std::thread waiting;
  const auto work = [&] {
    std::unique_lock guard{mutex};
    const activity_scope reading{all, blocking_activity::reading};
    waiting = std::thread{[&] {
      std::unique_lock other{mutex};
      all.wait(other, [&] { return !all.has(blocking_activity::reading); });
    }};
    CHECK(all.has(blocking_activity::reading));
    throw std::runtime_error{"no"};
  };
  CHECK_THROWS(work());
  waiting.join();
  CHECK_FALSE(all.has(blocking_activity::reading));
}

}  // namespace
