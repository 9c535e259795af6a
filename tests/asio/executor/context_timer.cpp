// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/executor/context_timer.hpp"

#include <chrono>
#include <memory>
#include <vector>

#include <asio/io_context.hpp>

#include "hawser/asio/executor/deadlines.hpp"
#include "hawser/transport/virtual_clock.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;

namespace {

using context_timer = detail::context_timer<asio::io_context::executor_type>;

/// A context with a virtual clock.
struct virtual_context {
  std::shared_ptr<virtual_clock> clock = std::make_shared<virtual_clock>();
  asio::io_context context{1};
  detail::deadlines deadlines = detail::deadlines::of(context);

  virtual_context() { deadlines.use_clock(clock); }

  void advance(virtual_clock::duration time) {
    clock->advance(time);
    deadlines.expire_due();
    context.restart();
    context.poll();
  }
};

TEST_CASE("a timer of a context calls its handler at its time") {
  asio::io_context context{1};
  context_timer timer{context.get_executor()};
  const auto due = timer.now() + 10ms;
  auto called = timer.now() - 1h;
  timer.call_at(due, [&] { called = timer.now(); });
  context.run();
  CHECK(called >= due);
}

TEST_CASE("a timer of a context with a virtual clock calls its handler exactly at its time") {
  virtual_context one;
  context_timer timer{one.context.get_executor()};
  std::vector<virtual_clock::duration> calls;
  const auto begin = one.clock->now();
  CHECK(timer.now() == begin);
  timer.call_at(begin + 5s, [&] { calls.push_back(one.clock->now() - begin); });
  CHECK(one.deadlines.next() == begin + 5s);
  one.advance(5s - 1ns);
  CHECK(calls.empty());
  one.advance(1ns);
  CHECK(calls == std::vector<virtual_clock::duration>{5s});
  CHECK(one.deadlines.next() == (virtual_clock::time_point::max)());
}

TEST_CASE("a timer of a context that is cancelled or set again does not call its first handler") {
  const bool is_virtual = GENERATE(false, true);
  CAPTURE(is_virtual);
  virtual_context one;
  asio::io_context real{1};
  auto& context = is_virtual ? one.context : real;
  context_timer timer{context.get_executor()};
  int first = 0;
  int second = 0;
  timer.call_at(timer.now() + 10ms, [&] { ++first; });
  timer.call_at(timer.now() + 20ms, [&] { ++second; });
  is_virtual ? one.advance(20ms) : static_cast<void>(context.run());
  CHECK(first == 0);
  CHECK(second == 1);
  timer.call_at(timer.now() + 10ms, [&] { ++first; });
  timer.cancel();
  context.restart();
  is_virtual ? one.advance(20ms) : static_cast<void>(context.run());
  CHECK(first == 0);
}

TEST_CASE("a timer with a virtual clock destroys the handler that it does not call") {
  virtual_context one;
  const auto kept = std::make_shared<int>(0);
  context_timer timer{one.context.get_executor()};
  timer.call_at(one.clock->now() + 1s, [kept] { ++*kept; });
  timer.cancel();
  CHECK(kept.use_count() == 1);
}

}  // namespace
