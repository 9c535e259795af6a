// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/executor/strand_mutex.hpp"

#include <array>
#include <barrier>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using hawser::detail::strand_mutex;

namespace {

constexpr std::size_t most_strands = 3;

TEST_CASE("a strand's lock excludes other threads, and is recursive") {
  strand_mutex one;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int each = 0; each < 1000; ++each) {
        const std::lock_guard outer{one};
        const std::lock_guard inner{one};
        ++count;
      }
    });
  }
  for (auto& each : threads) each.join();
  CHECK(count == 4000);
}

TEST_CASE("threads that lock each other's strands do not wait for each other", "[threads]") {
  const auto size = GENERATE(std::size_t{2}, most_strands);
  for (int i = 0; i < 100; ++i) {
    std::array<strand_mutex, most_strands> strands;
    std::array<int, most_strands> values{};
    std::barrier all_locked{static_cast<std::ptrdiff_t>(size)};
    std::vector<std::thread> threads;
    for (std::size_t own = 0; own < size; ++own) {
      threads.emplace_back([&, own] {
        const std::lock_guard handler{strands[own]};
        all_locked.arrive_and_wait();
        const auto next = (own + 1) % size;
        const std::lock_guard outer{strands[next]};
        const std::lock_guard inner{strands[next]};
        // Not atomic: a race is found by the sanitizer.
        ++values[next];
      });
    }
    for (auto& each : threads) each.join();
    for (std::size_t each = 0; each < size; ++each) REQUIRE(values[each] == 1);
    for (auto& each : strands) {
      each.lock();
      each.unlock();
    }
  }
}

}  // namespace
