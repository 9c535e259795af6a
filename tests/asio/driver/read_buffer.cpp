// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/read_buffer.hpp"

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

TEST_CASE("a quiet connection reads into a few bytes, a busy one into many, and back again") {
  read_buffer buffer;
  const auto quiet = buffer.data().size();
  buffer.learn(quiet - 1);
  CHECK(buffer.data().size() == quiet);

  buffer.learn(quiet);
  const auto busy = buffer.data().size();
  CHECK(busy > quiet);
  int reads = 0;
  while (buffer.data().size() == busy && reads < 1000) {
    buffer.learn(1);
    ++reads;
  }
  CHECK(buffer.data().size() == quiet);
  CHECK(reads > 1);
}

TEST_CASE("the shared buffer serves one caller at a time") {
  const std::byte* memory = nullptr;
  {
    shared_buffer first;
    memory = first.data().data();
    shared_buffer second;
    CHECK_FALSE(second.data().empty());
    CHECK(second.data().size() < first.data().size());
  }
  shared_buffer again;
  CHECK(again.data().data() == memory);
}

}  // namespace
