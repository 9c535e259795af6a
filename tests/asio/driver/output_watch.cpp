// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/output_watch.hpp"

#include <cstddef>

#include "hawser/asio/stream_traits.hpp"
#include "support/catch.hpp"

namespace {

struct telling_stream {
  std::size_t left = 0;
};
struct silent_stream {};

}  // namespace

template <>
struct hawser::stream_traits<telling_stream> {
  static std::size_t unacknowledged(telling_stream& stream) noexcept { return stream.left; }
};

namespace {

using hawser::detail::output_watch;

TEST_CASE("output moves when the peer acknowledges bytes between two looks") {
  telling_stream stream{1000};
  output_watch<telling_stream> watch;
  CHECK_FALSE(watch.has_moved(stream));
  CHECK_FALSE(watch.has_moved(stream));
  stream.left = 999;
  CHECK(watch.has_moved(stream));
  CHECK_FALSE(watch.has_moved(stream));
}

TEST_CASE("what the stream takes begins the looks anew, and is counted") {
  telling_stream stream{1000};
  output_watch<telling_stream> watch;
  CHECK_FALSE(watch.has_moved(stream));
  watch.took(10);
  watch.took(5);
  CHECK(watch.taken() == 15);
  stream.left = 500;
  CHECK_FALSE(watch.has_moved(stream));
}

TEST_CASE("a stream without unacknowledged() never moves") {
  silent_stream stream;
  output_watch<silent_stream> watch;
  CHECK_FALSE(watch.has_moved(stream));
}

}  // namespace
