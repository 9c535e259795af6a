// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/thread_kept.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "hawser/base/buffer_pool.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// Calls a function at the end of the thread, after the destruction of objects constructed later.
struct at_thread_end {
  ~at_thread_end() {
    if (act) act();
  }
  std::function<void()> act;
};

void when_thread_ends(std::function<void()> act) {
  thread_local at_thread_end last;
  last.act = std::move(act);
}

TEST_CASE("each thread has its own object") {
  using kept = thread_kept<int>;
  *kept::get() = 1;
  int* others = nullptr;
  std::thread other{[&] {
    others = kept::get();
    *others = 2;
  }};
  other.join();
  CHECK(*kept::get() == 1);
  CHECK(kept::get() != others);
}

TEST_CASE("after a thread has destroyed its object, get() is null") {
  using kept = thread_kept<std::function<void()>>;
  bool found = true;
  std::thread other{[&] {
    when_thread_ends([&] { found = kept::get() != nullptr; });
    *kept::get() = [] {};
  }};
  other.join();
  CHECK_FALSE(found);
}

TEST_CASE("buffers can be taken and given back after a thread has destroyed its pool") {
  std::size_t capacity = 1;
  std::thread other{[&] {
    byte_buffer kept;
    kept.append(bytes("some rope"));
    when_thread_ends([&capacity, kept = std::make_shared<byte_buffer>(std::move(kept))] {
      buffer_pool::give(std::move(*kept));
      capacity = buffer_pool::take().capacity();
      buffer_pool::clear();
    });
    buffer_pool::give(byte_buffer{});
    buffer_pool::give(buffer_pool::take());
  }};
  other.join();
  CHECK(capacity == 0);
}

}  // namespace
