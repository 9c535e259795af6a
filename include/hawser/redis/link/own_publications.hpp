// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser::detail {

/// The publications of this process that are on their way to Redis and back. A message from Redis has no sender, so
/// it counts as the first publication of this process to that topic that has the same payload and did not come back
/// yet.
///
/// A publication comes back before the reply to what the connection for subscriptions asks after Redis has
/// executed the publication: a fence. What did not come back until then will not.
class own_publications {
  enum class state : std::uint8_t { sent, executed, fenced };

  struct entry {
    std::shared_ptr<const publication> one;
    state now = state::sent;
  };

 public:
  /// When so many have been executed, a fence is due.
  static constexpr std::size_t most_executed = 1'000;

  /// It is written to Redis.
  void sent(const std::shared_ptr<const publication>& one) { all_[one->topic].push_back({one}); }

  /// Redis has executed it. Only with a connection for subscriptions it may come back.
  void executed(const publication& one, bool may_return) {
    const auto topic = all_.find(one.topic);
    if (topic == all_.end()) return;
    const auto found =
        std::ranges::find(topic->second, &one, [](auto& each) { return each.one.get(); });
    if (found == topic->second.end()) return;
    if (may_return) {
      found->now = state::executed;
      ++executed_;
    } else {
      topic->second.erase(found);
      if (topic->second.empty()) all_.erase(topic);
    }
  }

  /// The publication of this process that has come back, or null: it is of another process.
  std::shared_ptr<const publication> take(std::string_view topic, std::string_view payload) {
    if (all_.empty()) return nullptr;
    const auto known = all_.find(std::string{topic});
    if (known == all_.end()) return nullptr;
    auto& some = known->second;
    const auto found = std::ranges::find_if(
        some, [&](auto& each) { return as_text(each.one->message.payload()) == payload; });
    if (found == some.end()) return nullptr;
    if (found->now == state::executed) --executed_;
    auto one = std::move(found->one);
    some.erase(found);
    if (some.empty()) all_.erase(known);
    return one;
  }

  bool is_fence_due() const noexcept { return executed_ >= most_executed; }

  /// The connection for subscriptions asks for a reply.
  void begin_fence() {
    executed_ = 0;
    for (auto& [_, some] : all_) {
      for (auto& each : some) {
        if (each.now == state::executed) each.now = state::fenced;
      }
    }
  }

  /// The reply has come.
  void end_fence() {
    forget([](auto now) { return now == state::fenced; });
  }

  /// The connection for subscriptions has ended.
  void subscriber_lost() {
    executed_ = 0;
    forget([](auto now) { return now != state::sent; });
  }

  /// The connection for publications has ended: what was sent was executed by now or will not be.
  void publisher_lost() {
    for (auto& [_, some] : all_) {
      for (auto& each : some) {
        if (each.now != state::sent) continue;
        each.now = state::executed;
        ++executed_;
      }
    }
  }

  bool empty() const noexcept { return all_.empty(); }

 private:
  template <class Predicate>
  void forget(Predicate is_past) {
    for (auto& [_, some] : all_) some.remove_if([&](auto& each) { return is_past(each.now); });
    std::erase_if(all_, [](auto& topic) { return topic.second.empty(); });
  }

  std::unordered_map<std::string, std::list<entry>> all_;
  std::size_t executed_ = 0;
};

}  // namespace hawser::detail
