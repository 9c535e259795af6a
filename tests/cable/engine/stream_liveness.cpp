// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/stream_liveness.hpp"

#include <system_error>
#include <vector>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

namespace stream_liveness_tests {

using hawser::errc;
using hawser::cable::detail::stream_liveness;
using errors = std::vector<std::error_code>;

/// A stream with one waiter, which notes what it is called with.
struct awaited_stream {
  awaited_stream() {
    CHECK_FALSE(one.wait(this, [this](std::error_code ec) { story.push_back(ec); }));
  }

  void call(const stream_liveness::waiters& all, std::error_code ec = {}) {
    for (const auto& [_, waiter] : all) waiter(ec);
  }

  stream_liveness one;
  errors story;
};

TEST_CASE("a stream is live when the broker has answered and what it waits for is ready",
          "[cable]") {
  const bool answer_is_first = GENERATE(true, false);
  awaited_stream tested;
  tested.one.await_more();
  tested.call(answer_is_first ? tested.one.acknowledge({}) : tested.one.is_ready());
  CHECK(tested.story.empty());
  tested.call(answer_is_first ? tested.one.is_ready() : tested.one.acknowledge({}));
  CHECK(tested.story == errors{std::error_code{}});
  CHECK(tested.one.wait(nullptr, {}));
  CHECK_FALSE(tested.one.has_failed());
}

TEST_CASE("a stream that waits for more after it was live is not live before that is ready",
          "[cable]") {
  awaited_stream tested;
  tested.call(tested.one.acknowledge({}));
  tested.one.await_more();
  CHECK_FALSE(tested.one.wait(nullptr, [&](std::error_code ec) { tested.story.push_back(ec); }));
  CHECK(tested.story.size() == 1);
  tested.call(tested.one.is_ready());
  CHECK(tested.story.size() == 2);
}

TEST_CASE("an error of the broker reaches the waiters at once, also if more is awaited",
          "[cable]") {
  awaited_stream tested;
  tested.one.await_more();
  tested.call(tested.one.acknowledge(errc::closed), errc::closed);
  CHECK(tested.story == errors{errc::closed});
  CHECK(tested.one.has_failed());
  CHECK(tested.one.is_ready().empty());
}

TEST_CASE("a waiter that is forgotten is not called", "[cable]") {
  awaited_stream tested;
  tested.one.forget(&tested);
  CHECK(tested.one.acknowledge({}).empty());
}

}  // namespace stream_liveness_tests
