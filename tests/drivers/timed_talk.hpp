// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include "drivers/talk.hpp"
#include "hawser/asio/executor/deadlines.hpp"
#include "simulation/program_clock.hpp"
#include "support/async_pipe.hpp"
#include "support/async_talk.hpp"
#include "support/catch.hpp"

namespace hawser::test {

/// A talk on a context that runs while the test waits, in the time of the program's clock, so that the timers and ticks
/// of programs are tested: see program_clock.
template <calling How>
class timed_talk : public talk {
 public:
  using stream = basic_async_pipe<How>;

  static constexpr bool sees_bytes = true;
  static constexpr bool polls = How == calling::direct;

  timed_talk(role, const talk_settings& settings) { suffer(settings); }

  wire_end& far() override { return far_; }
  void when_idle(std::function<void()> turn) override { turn_ = std::move(turn); }
  void advance(duration time) override { program_clock::now += time; }

  void rest(duration time) override {
    run_until([] { return false; }, time);
  }

  /// In whole seconds: what is due is never early, and may be some ticks late.
  duration elapsed() const override {
    return std::chrono::floor<std::chrono::seconds>(program_clock::now - begin_);
  }

  std::size_t calls() override { return state_->ends[0].calls - calls_before_; }

 protected:
  /// Restarts the measured time.
  void suffer(const talk_settings& settings) {
    auto& here = state_->ends[0];
    const auto failing = settings.failing_call;
    here.faults = {.max_read = settings.max_read,
                   .max_write = settings.max_write,
                   .capacity = settings.far_capacity,
                   .wakes_at = settings.wakes_at,
                   .inbox_capacity = settings.near_capacity,
                   .failing_call = failing == talk_settings::never ? failing : here.calls + failing,
                   .error = settings.fault == std::errc::operation_would_block
                                ? std::error_code{asio::error::would_block}
                                : std::make_error_code(settings.fault)};
    here.faults.before_read = [takes = settings.read_takes] { program_clock::now += takes; };
    calls_before_ = here.calls;
  }

  bool is_closed() const { return state_->ends[0].closed; }

  stream near_end() { return {io_.get_executor(), state_, 0}; }

  /// Lets time pass until `done()`, at most for that duration.
  template <class Done>
  void run_until(Done done, duration limit = std::chrono::hours{24}) {
    const auto until = program_clock::now + limit;
    run_while_ready(done);
    while (!done() && program_clock::now < until) {
      far().send_rest();
      if (turn_) turn_();
      run_while_ready(done);
      if (done()) return;
      program_clock::now += detail::deadlines::tick;
      run_while_ready(done);
    }
    if (!done() && limit == std::chrono::hours{24}) FAIL("nothing happened for a day");
  }

  /// Runs ready handlers, and those that they make ready, until `done()`.
  template <class Done>
  void run_while_ready(Done done) {
    io_.restart();
    while (!done() && io_.poll_one() != 0) {
    }
  }

  asio::io_context io_{1};

 private:
  std::shared_ptr<async_pipe_state> state_ = std::make_shared<async_pipe_state>();
  async_far_end far_{state_};
  std::function<void()> turn_;
  std::size_t calls_before_ = 0;
  std::chrono::steady_clock::time_point begin_ = program_clock::now;
};

}  // namespace hawser::test
