// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/thread_streams.hpp"

#include <thread>
#include <utility>

#include "hawser/deflate/deflater.hpp"
#include "hawser/deflate/inflater.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using deflaters = thread_streams<deflater>;

TEST_CASE("a stream that was given back is taken again, without context", "[rfc7692-7.1.1]") {
  deflaters::clear();
  auto first = deflaters::take({6, 8, 15});
  const auto* address = first.get();
  CHECK(deflated(*first, as_bytes("Hello")) == "f2 48 cd c9 c9 07 00"_b);
  deflaters::give(std::move(first));
  auto second = deflaters::take({6, 8, 15});
  CHECK(second.get() == address);
  CHECK(deflated(*second, as_bytes("Hello")) == "f2 48 cd c9 c9 07 00"_b);
}

TEST_CASE("a stream is only taken again for the same settings") {
  deflaters::clear();
  auto given = deflaters::take({6, 8, 15});
  const auto* address = given.get();
  deflaters::give(std::move(given));
  const auto other = deflaters::take({6, 8, 14});
  CHECK(other->made_with() == deflater::settings{6, 8, 14});
  CHECK(deflaters::take({6, 8, 15}).get() == address);
}

TEST_CASE("two messages at the same time use different streams") {
  deflaters::clear();
  const auto first = deflaters::take({6, 8, 15});
  const auto second = deflaters::take({6, 8, 15});
  CHECK(first != second);
}

TEST_CASE("the last streams given back are kept") {
  deflaters::clear();
  for (const int bits : {9, 10, 11, 12}) deflaters::give(deflater::make({1, 1, bits}));
  const auto newest = deflater::make({1, 1, 9});
  for (const int bits : {11, 12}) {
    auto kept = deflaters::take({1, 1, bits});
    CHECK(kept->made_with().window_bits == bits);
    deflaters::give(std::move(kept));
  }
}

TEST_CASE("each thread has its own streams") {
  deflaters::clear();
  auto here = deflaters::take({6, 8, 15});
  const auto* address = here.get();
  deflaters::give(std::move(here));
  const deflater* there = nullptr;
  std::thread{[&] {
    auto taken = deflaters::take({6, 8, 15});
    there = taken.get();
    deflaters::give(std::move(taken));
  }}.join();
  CHECK(there != address);
}

TEST_CASE("inflaters are shared in the same way", "[rfc7692-7.1.1]") {
  thread_streams<inflater>::clear();
  auto first = thread_streams<inflater>::take({15});
  const auto* address = first.get();
  CHECK(inflated(*first, "f2 48 cd c9 c9 07 00"_b).error == errc{});
  thread_streams<inflater>::give(std::move(first));
  const auto second = thread_streams<inflater>::take({15});
  CHECK(second.get() == address);
  CHECK(inflated(*second, "f2 00 11 00 00"_b).error == errc::bad_extension_data);
}

}  // namespace
