// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/executor/deadlines.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "support/catch.hpp"
#include "support/sockets.hpp"

using namespace hawser::detail;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using clock = std::chrono::steady_clock;

/// Records the time at which it expires.
class noted_entry final : public deadlines::entry {
 public:
  explicit noted_entry(asio::io_context& context)
      : deadlines_{deadlines::of(context.get_executor())} {}
  ~noted_entry() { cancel(); }

  void set(clock::time_point when) {
    when_ = when;
    deadlines_.set(*this, when);
  }
  void cancel() { deadlines_.cancel(*this); }

  int times = 0;
  bool early = false;
  std::function<void()> then = {};

 private:
  void expired(std::shared_ptr<const void>&) override {
    ++times;
    early = early || clock::now() < when_.load();
    if (then) then();
  }

  const deadlines deadlines_;
  std::atomic<clock::time_point> when_;
};

/// Whether the context runs out of work soon.
bool runs_out(asio::io_context& context) {
  context.restart();
  context.run_for(soon);
  return context.stopped();
}

TEST_CASE("many deadlines expire once each, in order of time and never early") {
  asio::io_context context{1};
  std::vector<std::size_t> order;
  std::deque<noted_entry> all;
  const auto now = clock::now();
  std::mt19937 random{6455};
  for (std::size_t i = 0; i < 10'000; ++i) {
    auto& one = all.emplace_back(context);
    const auto ticks = random() % 4;
    one.then = [&order, ticks] { order.push_back(ticks); };
    one.set(now + ticks * deadlines::tick);
  }
  CHECK(runs_out(context));
  CHECK(order.size() == all.size());
  CHECK(std::is_sorted(order.begin(), order.end()));
  for (auto& one : all) {
    if (one.times != 1 || one.early) FAIL_CHECK("not once, or early");
  }
}

TEST_CASE("an entry without memory for its expiry expires a little later, and delays no other") {
  asio::io_context context{1};
  std::deque<noted_entry> all;
  const auto due = clock::now();
  for (int i = 0; i < 3; ++i) all.emplace_back(context).set(due);
  auto& poor = all[1];
  poor.then = [&] {
    if (poor.times < 3) throw std::bad_alloc{};
  };
  all.emplace_back(context).set(due + 2 * deadlines::tick);
  CHECK(runs_out(context));
  CHECK(poor.times == 3);
  for (const auto& one : all) CHECK((one.times == 1 || &one == &poor));
}

TEST_CASE("a context that has no deadlines, or none any more, runs out of work") {
  asio::io_context context{1};
  noted_entry one{context};
  noted_entry other{context};
  CHECK(runs_out(context));
  one.set(clock::now() + 24h);
  other.set(clock::now() + 25h);
  one.cancel();
  other.cancel();
  CHECK(runs_out(context));
  one.set((clock::time_point::max)());
  CHECK(runs_out(context));
  one.set(clock::now() + 24h);
  one.set((clock::time_point::max)());
  CHECK(runs_out(context));
  {
    noted_entry gone{context};
    gone.set(clock::now() + 24h);
  }
  CHECK(runs_out(context));
  CHECK(one.times + other.times == 0);
}

TEST_CASE("a cancelled deadline does not expire, even if it is due") {
  asio::io_context context{1};
  std::deque<noted_entry> all;
  for (int i = 0; i < 100; ++i) all.emplace_back(context).set(clock::now() - 1s);
  for (int i = 0; i < 100; i += 2) all[static_cast<std::size_t>(i)].cancel();
  CHECK(runs_out(context));
  int expired = 0;
  for (auto& one : all) expired += one.times;
  CHECK(expired == 50);
  all[0].cancel();
}

TEST_CASE("setting a deadline replaces its previous time") {
  asio::io_context context{1};
  noted_entry one{context};
  one.set(clock::now() + 24h);
  one.set(clock::now());
  CHECK(runs_out(context));
  CHECK(one.times == 1);
  one.set(clock::now());
  one.set(clock::now() + 3 * deadlines::tick);
  CHECK(runs_out(context));
  CHECK(one.times == 2);
  CHECK_FALSE(one.early);
  one.set(clock::now());
  CHECK(runs_out(context));
  CHECK(one.times == 3);
}

TEST_CASE("a later deadline does not delay an earlier one, whichever was set first") {
  asio::io_context context{1};
  noted_entry late{context};
  noted_entry early{context};
  const bool late_first = GENERATE(true, false);
  (late_first ? late : early).set(clock::now() + (late_first ? 24h : 0h));
  (late_first ? early : late).set(clock::now() + (late_first ? 0h : 24h));
  early.then = [&] { asio::post(context, [&] { late.cancel(); }); };
  CHECK(runs_out(context));
  CHECK(early.times == 1);
  CHECK(late.times == 0);
}

TEST_CASE("deadlines may be set and cancelled from other threads, also while they expire") {
  asio::io_context context{1};
  auto busy = asio::make_work_guard(context);
  std::thread runner{[&] { context.run(); }};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        noted_entry one{context};
        one.set(clock::now() - 1s);
        if (round % 2 == 0) one.set(clock::now() + 1s);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  busy.reset();
  runner.join();
  CHECK(context.stopped());
}

TEST_CASE("a deadline may outlive its context, set or not, and can still be set and cancelled") {
  std::optional<asio::io_context> context{1};
  noted_entry set{*context};
  noted_entry unset{*context};
  set.set(clock::now() + 24h);
  context.reset();
  unset.set(clock::now());
  set.cancel();
  CHECK(set.times + unset.times == 0);
}

TEST_CASE("a deadline may outlive the run of its context, and then does nothing") {
  asio::io_context context{1};
  noted_entry one{context};
  one.set(clock::now() + 24h);
  context.stop();
  context.run();
  CHECK(one.times == 0);
}

}  // namespace
