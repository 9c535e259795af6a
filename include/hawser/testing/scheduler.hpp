// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

#include "hawser/asio/executor/deadlines.hpp"
#include "hawser/testing/failure.hpp"
#include "hawser/transport/virtual_clock.hpp"

namespace hawser::testing {

/// An io_context on a virtual clock. Handlers run only in calls of run() and advance(), on the calling
/// thread, in the order in which they became ready.
class scheduler {
 public:
  using duration = virtual_clock::duration;
  using time_point = virtual_clock::time_point;

  scheduler() { deadlines_.use_clock(clock_); }

  asio::io_context& context() noexcept { return context_; }
  time_point now() const noexcept { return clock_->now(); }

  /// Runs handlers until none is ready. The clock stands still.
  void run() {
    bool busy = true;
    while (busy) {
      context_.restart();
      busy = context_.poll() != 0;
      for (std::size_t i = 0; i < hooks_.size(); ++i) busy = call(hooks_[i]) || busy;
    }
    std::erase_if(hooks_, [](const weak_hook& one) { return one.expired(); });
  }

  /// Lets time pass: the clock stops at each deadline, and what is due then runs.
  void advance(duration time) {
    const auto until = now() + time;
    std::size_t idle = 0;
    run();
    for (auto next = deadlines_.next(); next <= until; next = deadlines_.next()) {
      idle = next <= now() ? idle + 1 : 0;
      if (idle > most_at_once) throw failure{"the same deadline is set again and again"};
      clock_->advance_to(next);
      deadlines_.expire_due();
      run();
    }
    clock_->advance_to(until);
    run();
  }

  /// Calls `hook` after handlers have run, as long as the returned object exists. The hook returns whether
  /// it has made something ready.
  [[nodiscard]] std::shared_ptr<const void> on_idle(std::function<bool()> hook) {
    auto kept = std::make_shared<std::function<bool()>>(std::move(hook));
    hooks_.push_back(kept);
    return kept;
  }

 private:
  using weak_hook = std::weak_ptr<std::function<bool()>>;
  static constexpr std::size_t most_at_once = 100'000;

  static bool call(const weak_hook& hook) {
    const auto kept = hook.lock();
    return kept && (*kept)();
  }

  std::shared_ptr<virtual_clock> clock_ = std::make_shared<virtual_clock>();
  asio::io_context context_{1};
  hawser::detail::deadlines deadlines_ = hawser::detail::deadlines::of(context_);
  std::vector<weak_hook> hooks_;
};

}  // namespace hawser::testing
