// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/lingering_close.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <system_error>

#include "hawser/base/bytes.hpp"
#include "hawser/transport/concepts.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

/// Has `waiting` bytes to read and then, if `ends`, the end.
struct stream_without_clock {
  std::size_t waiting = 0;
  bool ends = true;
  std::error_code shutdown_error = {};
  int reads = 0;

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    ++reads;
    ec.clear();
    const auto size = (std::min)(in.size(), waiting);
    waiting -= size;
    if (size == 0 && !ends) ec = std::make_error_code(std::errc::operation_would_block);
    return size;
  }
  std::size_t write_some(bytes_view out, std::error_code&) { return out.size(); }
  void shutdown(std::error_code& ec) { ec = shutdown_error; }
};

struct stream_with_clock : stream_without_clock {
  using time_point = std::chrono::steady_clock::time_point;

  bool wait_readable(time_point, std::error_code& ec) {
    ec.clear();
    return waiting != 0 || ends;
  }
  bool wait_writable(time_point, std::error_code&) { return true; }
  time_point now() const { return {}; }
};

static_assert(timed_stream<stream_with_clock> && !timed_stream<stream_without_clock>);

TEMPLATE_TEST_CASE("a lingering close reads until the peer ends its side", "", stream_without_clock,
                   stream_with_clock) {
  TestType stream{};
  stream.waiting = 10'000;
  detail::lingering_close(stream, {});
  CHECK(stream.waiting == 0);
}

TEMPLATE_TEST_CASE("a lingering close ends when there is no more input in time", "",
                   stream_without_clock, stream_with_clock) {
  TestType stream{};
  stream.waiting = 10'000;
  stream.ends = false;
  detail::lingering_close(stream, {});
  CHECK(stream.waiting == 0);
}

/// Reports that it is readable before it is.
struct hasty_stream : stream_with_clock {
  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    if (++reads > 2) return stream_with_clock::read_some(in, ec);
    ec = std::make_error_code(std::errc::operation_would_block);
    return 0;
  }
};

TEST_CASE("a lingering close waits again when there is nothing to read yet") {
  hasty_stream stream{};
  stream.waiting = 10;
  detail::lingering_close(stream, {});
  CHECK(stream.waiting == 0);
}

TEST_CASE("a stream that cannot write its end yet is read nevertheless") {
  using std::errc;
  const auto error = GENERATE(errc::operation_would_block, errc::not_connected);
  stream_with_clock stream{{.waiting = 10, .shutdown_error = std::make_error_code(error)}};
  detail::lingering_close(stream, {});
  CHECK((stream.reads != 0) == (error == errc::operation_would_block));
}

}  // namespace
