// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/zlib_memory.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "hawser/deflate/deflater.hpp"
#include "hawser/deflate/extension.hpp"
#include "hawser/deflate/inflater.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/thread_streams.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"
#include "support/heap.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr std::size_t window(int bits) { return std::size_t{1} << bits; }

TEST_CASE("all memory of a stream is taken from operator new") {
  const heap_meter meter;
  z_stream stream = detail::unused_zlib_stream();
  REQUIRE(inflateInit2(&stream, -15) == Z_OK);
  const auto held = meter.held();
  inflateEnd(&stream);
  const auto left = meter.held();
  CHECK(held > 5000);
  CHECK(left == 0);
}

TEST_CASE("a deflater uses the memory that the documentation says") {
  const auto bits = GENERATE(9, 12, 15);
  const auto memory_level = GENERATE(1, 5, 8);
  const heap_meter meter;
  const auto made = deflater::make({5, memory_level, bits});
  const auto held = meter.held();
  const auto formula = window(bits + 2) + window(memory_level + 9);
  CHECK(held > formula);
  CHECK(held < formula + 8 * 1024);
}

TEST_CASE("an inflater has no window until there is data to keep in it") {
  const auto bits = GENERATE(9, 12, 15);
  const auto encoded = deflated(as_bytes(some_text(100)));
  const auto largest = deflated(*usual_deflater(9), as_bytes(some_text(100'000)));
  const heap_meter meter;
  const auto made = inflater::make({bits});
  const auto empty = meter.held();
  byte_vector buffer(200'000);
  bytes_view in{largest};
  mutable_bytes out{buffer};
  const auto before = meter.held();
  made->decode(in, out, part::last);
  const auto full = meter.held() - before;
  CHECK(empty < 8 * 1024);
  CHECK(full >= window(bits));
  CHECK(full < window(bits) + 64);
}

}  // namespace
