// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/blocking/thread_number.hpp"

#include <cstdint>
#include <set>
#include <thread>

#include "support/catch.hpp"

using hawser::detail::thread_number;

namespace {

TEST_CASE("each thread has one number, which no other thread has had") {
  std::set<std::uint64_t> seen{0, thread_number()};
  CHECK(seen.size() == 2);
  CHECK(seen.contains(thread_number()));
  for (int i = 0; i < 20; ++i) {
    std::uint64_t number = 0;
    std::thread{[&] { number = thread_number(); }}.join();
    CHECK(seen.insert(number).second);
  }
}

}  // namespace
