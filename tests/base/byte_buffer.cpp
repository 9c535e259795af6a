// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/byte_buffer.hpp"

#include <cstddef>
#include <utility>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("append() adds bytes at the end") {
  byte_buffer buffer;
  CHECK(buffer.empty());
  buffer.append(bytes("moor"));
  buffer.append({});
  buffer.append(bytes("ing"));
  CHECK(as_text(buffer.view()) == "mooring");
  CHECK(buffer.size() == 7);
}

TEST_CASE("only committed bytes of prepared memory count") {
  byte_buffer buffer;
  buffer.append(bytes("a"));
  const auto prepared = buffer.prepare(10);
  REQUIRE(prepared.size() == 10);
  prepared[0] = std::byte{'b'};
  buffer.commit(1);
  CHECK(as_text(buffer.view()) == "ab");
}

TEST_CASE("many small appends move the bytes a few times only") {
  byte_buffer buffer;
  int moved = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto* const before = buffer.view().data();
    buffer.append(bytes("0123456789"));
    if (buffer.view().data() != before) ++moved;
  }
  CHECK(buffer.size() == 100'000);
  CHECK(moved <= 20);
}

TEST_CASE("clear keeps the memory, reset frees it") {
  byte_buffer buffer;
  buffer.append(bytes("something"));
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.capacity() >= 9);
  buffer.reset();
  CHECK(buffer.capacity() == 0);
}

TEST_CASE("a moved-from buffer is empty and can be used again") {
  byte_buffer first;
  first.append(bytes("bollard"));
  auto second = std::move(first);
  CHECK(as_text(second.view()) == "bollard");
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move)
  first.append(bytes("cleat"));
  second = std::move(first);
  CHECK(as_text(second.view()) == "cleat");
}

}  // namespace
