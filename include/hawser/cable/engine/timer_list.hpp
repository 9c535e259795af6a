// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/subscription.hpp"

namespace hawser::cable::detail {

/// The periodic functions of a connection's channels, by when they are due.
class timer_list {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A function whose time has come.
  struct due_call {
    std::shared_ptr<subscription> of;
    const periodic_hook* hook;
    std::shared_ptr<void>
        running;  ///< To be kept until it has ended: until then it is not due again
  };

  void add(const std::shared_ptr<subscription>& of, time_point now) {
    for (const auto& one : of->type().timers)
      entries_.emplace(now + one.period, entry{of, &one, {}});
  }

  /// When the next one is due; max() if there is none.
  time_point next() const noexcept {
    return entries_.empty() ? (time_point::max)() : entries_.begin()->first;
  }

  /// What is due, and has ended since the last time. A time that has passed twice counts once.
  std::vector<due_call> take_due(time_point now) {
    std::vector<due_call> found;
    while (next() <= now) {
      const auto first = entries_.begin();
      auto one = std::move(first->second);
      const auto planned = first->first;
      entries_.erase(first);
      const auto of = one.of.lock();
      if (!of || of->has_ended) continue;
      const auto periods = (now - planned) / one.hook->period + 1;
      if (one.running.expired()) {
        auto running = std::make_shared<char>();
        one.running = running;
        found.push_back({of, one.hook, std::move(running)});
      }
      const auto again = planned + periods * one.hook->period;
      entries_.emplace(again, std::move(one));
    }
    return found;
  }

  void clear() noexcept { entries_.clear(); }

 private:
  struct entry {
    std::weak_ptr<subscription> of;
    const periodic_hook* hook;
    std::weak_ptr<void> running;
  };

  std::multimap<time_point, entry> entries_;
};

}  // namespace hawser::cable::detail
