// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/memory_guard.hpp"

#include <new>
#include <stdexcept>
#include <string>

#include "support/catch.hpp"

using hawser::detail::memory_guard;
using hawser::detail::with_memory;

namespace {

TEST_CASE("after a failed allocation nothing more is run") {
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

TEST_CASE("with_memory calls the replacement after std::bad_alloc only") {
  std::string story;
  const auto otherwise = [&] { story += "otherwise "; };
  with_memory([&] { story += "done "; }, otherwise);
  with_memory([] { throw std::bad_alloc{}; }, otherwise);
  CHECK(story == "done otherwise ");
  CHECK_THROWS_AS(with_memory([] { throw std::runtime_error{"something else"}; }, otherwise),
                  std::runtime_error);
  CHECK_THROWS_AS(with_memory([] { throw std::bad_alloc{}; }, [] { throw std::bad_alloc{}; }),
                  std::bad_alloc);
  CHECK(story == "done otherwise ");
}

TEST_CASE("other exceptions are passed on") {
  memory_guard guard;
  CHECK_THROWS_AS(guard.run([] { throw std::runtime_error{"something else"}; }),
                  std::runtime_error);
  CHECK_FALSE(guard.is_out());
}

}  // namespace
