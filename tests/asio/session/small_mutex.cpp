// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/small_mutex.hpp"

#include <mutex>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using hawser::detail::small_mutex;

namespace {

TEST_CASE("one thread at a time holds a small mutex, and each that waits gets its turn") {
  constexpr int threads = 4;
  constexpr int turns = 20'000;
  small_mutex mutex;
  int count = 0;
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      for (int turn = 0; turn < turns; ++turn) {
        const std::lock_guard guard{mutex};
        ++count;
      }
    });
  }
  for (auto& one : all) one.join();
  CHECK(count == threads * turns);
}

TEST_CASE("a small mutex is as large as an integer") { STATIC_REQUIRE(sizeof(small_mutex) == 4); }

}  // namespace
