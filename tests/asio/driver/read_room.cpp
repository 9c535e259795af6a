// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/read_room.hpp"

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

TEST_CASE("a quiet connection reads into a few bytes, a busy one into many, and back again") {
  read_room room;
  const auto quiet = room.data().size();
  room.learn(quiet - 1);
  CHECK(room.data().size() == quiet);

  room.learn(quiet);
  const auto busy = room.data().size();
  CHECK(busy > quiet);
  int reads = 0;
  while (room.data().size() == busy && reads < 1000) {
    room.learn(1);
    ++reads;
  }
  CHECK(room.data().size() == quiet);
  CHECK(reads > 1);
}

TEST_CASE("the shared buffer serves one caller at a time") {
  const std::byte* memory = nullptr;
  {
    shared_room first;
    memory = first.data().data();
    shared_room second;
    CHECK_FALSE(second.data().empty());
    CHECK(second.data().size() < first.data().size());
  }
  shared_room again;
  CHECK(again.data().data() == memory);
}

}  // namespace
