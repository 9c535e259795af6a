// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/blocking/scope_guards.hpp"

#include <mutex>
#include <stdexcept>

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

TEST_CASE("a lock is held again after an unlocked operation, even if that throws") {
  std::mutex mutex;
  std::unique_lock held{mutex};
  const auto leave = [&] {
    const unlocked meanwhile{held};
    CHECK_FALSE(held.owns_lock());
    throw std::runtime_error{"no"};
  };
  CHECK_THROWS(leave());
  CHECK(held.owns_lock());
}

TEST_CASE("when_thrown calls its function only after an exception") {
  int times = 0;
  const auto leave = [&](bool throws) {
    const when_thrown noted{[&] { ++times; }};
    if (throws) throw std::runtime_error{"no"};
  };
  leave(false);
  CHECK(times == 0);
  CHECK_THROWS(leave(true));
  CHECK(times == 1);
  try {
    throw std::runtime_error{"no"};
  } catch (const std::runtime_error&) {
    leave(false);
  }
  CHECK(times == 1);
}

}  // namespace
