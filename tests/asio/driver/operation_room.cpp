// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/operation_room.hpp"

#include <cstddef>

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

TEST_CASE("the memory serves one operation at a time") {
  operation_room room;
  void* const first = room.take(40);
  void* const second = room.take(40);
  CHECK(first != second);
  room.give(second);
  room.give(first);
  CHECK(room.take(1) == first);
  room.give(first);
}

TEST_CASE("an operation that is too large uses other memory, and leaves this free") {
  operation_room room;
  void* const large = room.take(sizeof(operation_room) + 1);
  void* const small = room.take(8);
  CHECK(small >= static_cast<void*>(&room));
  CHECK(small < static_cast<void*>(&room + 1));
  room.give(small);
  room.give(large);
}

TEST_CASE("an allocator uses the memory for any type it is rebound to") {
  operation_room room;
  const room_allocator<void> any{room};
  const room_allocator<long> numbers{any};
  CHECK(numbers == any);
  auto rebound = numbers;
  long* const taken = rebound.allocate(4);
  CHECK(static_cast<void*>(taken) >= static_cast<void*>(&room));
  CHECK(static_cast<void*>(taken) < static_cast<void*>(&room + 1));
  rebound.deallocate(taken, 4);
  operation_room other;
  CHECK_FALSE(room_allocator<long>{other} == numbers);
}

}  // namespace
