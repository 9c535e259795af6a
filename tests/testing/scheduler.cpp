// SPDX-License-Identifier: BSL-1.0
#include "hawser/testing/scheduler.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/asio/executor/context_timer.hpp"
#include "hawser/testing/failure.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;
using testing::scheduler;

namespace {

using timer = detail::context_timer<asio::io_context::executor_type>;

TEST_CASE("a scheduler runs what is ready, and what that makes ready, in order") {
  scheduler one;
  std::string story;
  asio::post(one.context(), [&] {
    story += 'a';
    asio::post(one.context(), [&] { story += 'c'; });
  });
  asio::post(one.context(), [&] { story += 'b'; });
  CHECK(story.empty());
  one.run();
  CHECK(story == "abc");
}

TEST_CASE("a scheduler stops its clock at each deadline") {
  scheduler one;
  timer ticker{one.context().get_executor()};
  const auto begin = one.now();
  std::vector<scheduler::duration> ticks;
  std::function<void()> tick = [&] {
    ticks.push_back(one.now() - begin);
    ticker.call_at(one.now() + 7s, tick);
  };
  ticker.call_at(begin + 7s, tick);
  one.advance(20s);
  CHECK(ticks == std::vector<scheduler::duration>{7s, 14s});
  CHECK(one.now() == begin + 20s);
}

TEST_CASE("a scheduler reports a deadline that never moves") {
  scheduler one;
  timer endless{one.context().get_executor()};
  std::function<void()> again = [&] { endless.call_at(one.now(), again); };
  endless.call_at(one.now(), again);
  CHECK_THROWS_AS(one.advance(1s), testing::failure);
}

TEST_CASE("a scheduler calls a hook after handlers, as long as the hook is kept") {
  scheduler one;
  int calls = 0;
  int handled = 0;
  auto kept = one.on_idle([&] {
    if (++calls != 1) return false;
    asio::post(one.context(), [&] { ++handled; });
    return true;
  });
  one.run();
  CHECK(calls == 3);
  CHECK(handled == 1);
  kept.reset();
  one.run();
  CHECK(calls == 3);
}

}  // namespace
