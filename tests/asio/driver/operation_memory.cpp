// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/operation_memory.hpp"

#include <cstddef>

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

TEST_CASE("the memory serves one operation at a time") {
  operation_memory memory;
  void* const first = memory.take(40);
  void* const second = memory.take(40);
  CHECK(first != second);
  memory.give(second);
  memory.give(first);
  CHECK(memory.take(1) == first);
  memory.give(first);
}

TEST_CASE("an operation that is too large uses other memory, and leaves this free") {
  operation_memory memory;
  void* const large = memory.take(sizeof(operation_memory) + 1);
  void* const small = memory.take(8);
  CHECK(small >= static_cast<void*>(&memory));
  CHECK(small < static_cast<void*>(&memory + 1));
  memory.give(small);
  memory.give(large);
}

TEST_CASE("an allocator uses the memory for any type it is rebound to") {
  operation_memory memory;
  const operation_allocator<void> any{memory};
  const operation_allocator<long> numbers{any};
  CHECK(numbers == any);
  auto rebound = numbers;
  long* const taken = rebound.allocate(4);
  CHECK(static_cast<void*>(taken) >= static_cast<void*>(&memory));
  CHECK(static_cast<void*>(taken) < static_cast<void*>(&memory + 1));
  rebound.deallocate(taken, 4);
  operation_memory other;
  CHECK_FALSE(operation_allocator<long>{other} == numbers);
}

}  // namespace
