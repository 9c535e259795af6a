// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/executor/owned_deadline.hpp"

#include <chrono>
#include <memory>
#include <new>
#include <utility>

#include <asio/execution.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>

#include "hawser/asio/executor/deadlines.hpp"
#include "hawser/transport/virtual_clock.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;

namespace {

using steady_clock = std::chrono::steady_clock;

class owner_of_deadline : public std::enable_shared_from_this<owner_of_deadline> {
 public:
  explicit owner_of_deadline(asio::io_context& context)
      : context_{context}, deadline{*this, context.get_executor()} {}

  asio::io_context::executor_type get_executor() const { return context_.get_executor(); }

  void on_deadline() { ++calls; }

 private:
  asio::io_context& context_;

 public:
  detail::owned_deadline<owner_of_deadline, &owner_of_deadline::on_deadline> deadline;
  int calls = 0;
};

TEST_CASE("an owner in a context with a virtual clock is called exactly at its deadline") {
  const auto own_clock = std::make_shared<virtual_clock>();
  asio::io_context context;
  const auto all = detail::deadlines::of(context);
  all.use_clock(own_clock);
  const auto one = std::make_shared<owner_of_deadline>(context);
  CHECK(one->deadline.now() == own_clock->now());
  one->deadline.set(own_clock->now() + 1h);
  for (const auto time : {own_clock->now() + 1h - 1ns, own_clock->now() + 1h}) {
    CHECK(one->calls == 0);
    own_clock->advance_to(time);
    all.expire_due();
    context.restart();
    context.poll();
  }
  CHECK(one->calls == 1);
}

TEST_CASE("an owner is called once when its earliest deadline has passed") {
  asio::io_context context;
  const auto one = std::make_shared<owner_of_deadline>(context);
  const auto now = steady_clock::now();
  one->deadline.set_at_latest(now + 1h);
  one->deadline.set_at_latest(now);
  one->deadline.set_at_latest(now + 1h);
  CHECK(one->deadline.is_due(now));
  CHECK_FALSE(one->deadline.is_due(now - 1ns));
  context.run_for(1min);
  CHECK(one->calls == 1);
  CHECK_FALSE(one->deadline.is_due(steady_clock::time_point::max()));
}

TEST_CASE("a destroyed owner, or one that has cancelled its deadline, is not called") {
  asio::io_context context;
  auto one = std::make_shared<owner_of_deadline>(context);
  one->deadline.set(steady_clock::now());
  SECTION("it is cancelled") { one->deadline.cancel(); }
  SECTION("it is destroyed") { one.reset(); }
  context.run_for(1min);
  if (one) CHECK(one->calls == 0);
}

TEST_CASE(
    "an owner whose deadline is set to a later time while the call is pending is not called") {
  asio::io_context context;
  const auto one = std::make_shared<owner_of_deadline>(context);
  one->deadline.set(steady_clock::now());
  context.run_one();
  SECTION("it is set to a later time") { one->deadline.set(steady_clock::now() + 24h); }
  SECTION("it is cancelled") { one->deadline.cancel(); }
  context.poll();
  CHECK(one->calls == 0);
}

/// An executor that has no memory for a function, and meanwhile destroys the caller's last pointer to
/// the owner.
struct failing_executor {
  std::shared_ptr<void>* last;

  template <class Function>
  void execute(Function&&) const {
    last->reset();
    throw std::bad_alloc{};
  }
  asio::execution_context& query(asio::execution::context_t) const noexcept {
    static asio::io_context unused;
    return unused;
  }
  static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept {
    return asio::execution::blocking.never;
  }
  friend bool operator==(const failing_executor& left, const failing_executor& right) noexcept {
    return left.last == right.last;
  }
};

class owner_without_memory : public std::enable_shared_from_this<owner_without_memory> {
 public:
  owner_without_memory(asio::io_context& context, std::shared_ptr<void>& last)
      : last_{last}, deadline{*this, context.get_executor()} {}

  failing_executor get_executor() const { return {&last_}; }

  void on_deadline() {}

 private:
  std::shared_ptr<void>& last_;

 public:
  detail::owned_deadline<owner_without_memory, &owner_without_memory::on_deadline> deadline;
};

TEST_CASE(
    "an owner whose last other pointer is destroyed while the call cannot be posted is destroyed") {
  asio::io_context context;
  std::shared_ptr<void> last;
  {
    auto one = std::make_shared<owner_without_memory>(context, last);
    one->deadline.set(steady_clock::now());
    last = std::move(one);
  }
  const std::weak_ptr<void> seen = last;
  context.run_for(1min);
  CHECK(seen.expired());
  CHECK(context.stopped());
}

}  // namespace
