// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/memory_guard.hpp"

#include <new>
#include <stdexcept>

#include "support/catch.hpp"

using hawser::detail::memory_guard;

namespace {

TEST_CASE("a lack of memory is noted, and then nothing more is run") {
  memory_guard guard;
  int runs = 0;
  guard.run([&] { ++runs; });
  CHECK_FALSE(guard.is_out());
  guard.run([&] {
    ++runs;
    throw std::bad_alloc{};
  });
  CHECK(guard.is_out());
  guard.run([&] { ++runs; });
  CHECK(runs == 2);
  guard.reset();
  guard.run([&] { ++runs; });
  CHECK(runs == 3);
}

TEST_CASE("what else is thrown is not a lack of memory") {
  memory_guard guard;
  CHECK_THROWS_AS(guard.run([] { throw std::runtime_error{"something else"}; }),
                  std::runtime_error);
  CHECK_FALSE(guard.is_out());
}

}  // namespace
