// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/buffer_pool.hpp"

#include <thread>
#include <utility>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("a pooled buffer is taken again, empty") {
  buffer_pool::clear();
  auto buffer = buffer_pool::take();
  CHECK(buffer.capacity() == 0);
  buffer.append(bytes("some rope"));
  const auto* const memory = buffer.view().data();
  buffer_pool::give(std::move(buffer));
  auto again = buffer_pool::take();
  CHECK(again.empty());
  CHECK(again.view().data() == memory);
}

TEST_CASE("very large buffers and too many of them are not kept") {
  buffer_pool::clear();
  byte_buffer large;
  large.commit(large.prepare(1024 * 1024).size());
  buffer_pool::give(std::move(large));
  CHECK(buffer_pool::take().capacity() == 0);

  for (int i = 0; i < 100; ++i) {
    byte_buffer small;
    small.append(bytes("x"));
    buffer_pool::give(std::move(small));
  }
  int kept = 0;
  while (buffer_pool::take().capacity() != 0) ++kept;
  CHECK(kept <= 8);
  CHECK(kept > 0);
}

TEST_CASE("a buffer may be given back on another thread") {
  auto buffer = buffer_pool::take();
  buffer.append(bytes("x"));
  std::thread other{[&] {
    buffer_pool::give(std::move(buffer));
    CHECK(buffer_pool::take().capacity() != 0);
  }};
  other.join();
}

}  // namespace
