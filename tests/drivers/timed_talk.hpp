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
#include "hawser/asio/deadlines.hpp"
#include "simulation/program_clock.hpp"
#include "support/async_pipe.hpp"
#include "support/async_talk.hpp"
#include "support/catch.hpp"

namespace hawser::test {

/// A talk on a context that turns while something is waited for, in the time of the program's clock.
template <calling How>
class timed_talk : public talk {
 public:
  using stream = basic_async_pipe<How>;

  explicit timed_talk(const talk_settings& settings) {
    const auto error = settings.fault == std::errc::operation_would_block
                           ? std::error_code{asio::error::would_block}
                           : std::make_error_code(settings.fault);
    auto& faults = state_->ends[0].faults;
    faults = {.max_read = settings.max_read,
              .max_write = settings.max_write,
              .capacity = settings.far_room,
              .room = settings.near_room,
              .failing_call = settings.failing_call,
              .error = error};
    faults.before_read = [takes = settings.read_takes] { program_clock::now += takes; };
  }

  wire_end& far() override { return far_; }
  void when_idle(std::function<void()> turn) override { turn_ = std::move(turn); }
  void advance(duration time) override { program_clock::now += time; }

  /// In whole seconds: what is due is never early, and may be some ticks late.
  duration elapsed() const override {
    return std::chrono::floor<std::chrono::seconds>(program_clock::now - begin_);
  }

  std::size_t calls() override { return state_->ends[0].calls; }

 protected:
  bool is_closed() const { return state_->ends[0].closed; }

  stream near_end() { return {io_.get_executor(), state_, 0}; }

  /// Lets time pass until `done()`, or for so long.
  template <class Done>
  void run_until(Done done, duration patience = std::chrono::hours{24}) {
    const auto until = program_clock::now + patience;
    run_ready(io_);
    while (!done() && program_clock::now < until) {
      far_.say_on();
      if (turn_) turn_();
      run_ready(io_);
      if (done()) return;
      program_clock::now += detail::deadlines::tick;
      run_ready(io_);
    }
    if (!done() && patience == std::chrono::hours{24}) FAIL("nothing happened for a day");
  }

  asio::io_context io_{1};

 private:
  std::shared_ptr<async_pipe_state> state_ = std::make_shared<async_pipe_state>();
  async_far_end far_{state_};
  std::function<void()> turn_;
  std::chrono::steady_clock::time_point begin_ = program_clock::now;
};

}  // namespace hawser::test
