// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/occupied.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "hawser/protocol/prepared_message.hpp"
#include "support/catch.hpp"
#include "support/heap_meter.hpp"

using namespace hawser;
using namespace hawser::test;
using detail::occupied_by;

namespace {

template <class Make>
void check_occupied(Make make, std::size_t blocks) {
  REQUIRE(heap_meter::in_use() != 0);
  const heap_meter heap;
  const auto made = make();
  const auto held = heap.held();
  CHECK(occupied_by(made) == held + blocks * detail::per_block);
}

TEST_CASE("what a payload occupies is what is on the heap, and what the allocator adds") {
  check_occupied([] { return std::string{}; }, 0);
  check_occupied([] { return std::string(15, 'x'); }, 0);
  check_occupied([] { return std::string(16, 'x'); }, 1);
  check_occupied([] { return std::vector<std::byte>{}; }, 0);
  check_occupied([] { return std::vector<std::byte>(1); }, 1);
}

TEST_CASE("a prepared message occupies three blocks") {
  const auto size = GENERATE(std::size_t{0}, std::size_t{125}, std::size_t{70'000});
  check_occupied([size] { return prepared_message{std::string(size, 'x')}; }, 3);
}

}  // namespace
