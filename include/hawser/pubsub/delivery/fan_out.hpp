// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hawser/pubsub/delivery/delivery_loop.hpp"
#include "hawser/pubsub/delivery/membership.hpp"
#include "hawser/pubsub/delivery/topic_index.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser::detail {

/// Subscriptions by topic and loop. Its owner locks it. What it returns may own handles, so it must be destroyed
/// without that lock.
class fan_out {
  /// The subscriptions of one topic on one loop.
  struct group {
    std::unordered_map<membership*, std::shared_ptr<membership>> members;
    // What a publication refers to until it is delivered. Null after a change.
    std::shared_ptr<const memberships> all;
  };

  using groups = std::unordered_map<delivery_loop*, group>;
  using found_groups = std::vector<std::pair<delivery_loop*, group*>>;

 public:
  struct added {
    std::shared_ptr<membership> one;
    bool is_new = false;
    bool is_first = false;                    // of its pattern
    std::shared_ptr<const memberships> past;  // to be destroyed without the lock
  };

  struct removed {
    std::shared_ptr<membership> one;  // null: there was none
    bool was_last = false;            // of its pattern
    std::shared_ptr<const memberships> past;
  };

  /// Subscribes, if the receiver has not subscribed that pattern.
  added add(const std::shared_ptr<delivery_target>& to, std::string_view pattern) {
    auto& by_loop = topics_.at(pattern);
    const bool is_first = by_loop.empty();
    try {
      auto& place = by_loop[to->loop().get()];
      if (const auto known = to->subscriptions.find(pattern); known != to->subscriptions.end()) {
        return {place.members.at(known->second), false, false, nullptr};
      }
      auto made = std::make_shared<membership>(to);
      const auto member = place.members.emplace(made.get(), made).first;
      try {
        to->subscriptions.emplace(pattern, made.get());
      } catch (...) {
        place.members.erase(member);
        throw;
      }
      ++size_;
      return {std::move(made), true, is_first, std::exchange(place.all, nullptr)};
    } catch (...) {
      erase_if_empty(pattern, to->loop().get());
      throw;
    }
  }

  removed remove(delivery_target& from, std::string_view pattern) {
    const auto known = from.subscriptions.find(pattern);
    if (known == from.subscriptions.end()) return {};
    auto& place = topics_.find(pattern)->at(from.loop().get());
    const auto member = place.members.find(known->second);
    removed result{std::move(member->second), false, std::exchange(place.all, nullptr)};
    result.one->is_live.store(false, std::memory_order_release);
    place.members.erase(member);
    // `pattern` may be a view of this key.
    auto kept = from.subscriptions.extract(known);
    --size_;
    result.was_last = erase_if_empty(kept.key(), from.loop().get());
    return result;
  }

  /// Removes one of the subscriptions, if there is one.
  removed remove_any(delivery_target& from) {
    const auto one = from.subscriptions.begin();
    return one == from.subscriptions.end() ? removed{} : remove(from, one->first);
  }

  /// Queues a publication on the loops of its subscribers. Returns the number of subscriptions whose loop
  /// refuses it because its queue has `most` bytes. Subscriptions without a loop are appended to `here`.
  std::size_t publish(const std::shared_ptr<const publication>& published, std::size_t most,
                      memberships& here) {
    found_groups found;
    bool is_merged = false;
    topics_.for_each_match(published->topic, [&](groups& by_loop) {
      is_merged = !found.empty();
      for (auto& [loop, place] : by_loop) found.emplace_back(loop, &place);
    });
    if (is_merged) std::ranges::sort(found);
    std::size_t refused = 0;
    for (auto one = found.begin(); one != found.end();) {
      const auto end = std::find_if(
          one, found.end(), [loop = one->first](auto& other) { return other.first != loop; });
      auto to = merged(one, end);
      if (one->first == nullptr) {
        here = *to;
      } else {
        const auto count = to->size();
        const auto pushed = one->first->push({published, std::move(to), {}}, most);
        if (pushed == delivery_loop::result::full) refused += count;
      }
      one = end;
    }
    return refused;
  }

  /// The subscriptions of a receiver.
  memberships of(const delivery_target& one) {
    memberships all;
    for (const auto& [pattern, each] : one.subscriptions) {
      all.push_back(topics_.find(pattern)->at(one.loop().get()).members.at(each));
    }
    return all;
  }

  /// The number of subscriptions of exactly this topic or pattern.
  std::size_t count(std::string_view pattern) {
    std::size_t all = 0;
    if (auto* const found = topics_.find(pattern)) {
      for (const auto& [_, place] : *found) all += place.members.size();
    }
    return all;
  }

  /// The number of topics and patterns that are subscribed.
  std::size_t topics() const noexcept { return topics_.size(); }
  /// The number of subscriptions.
  std::size_t size() const noexcept { return size_; }

 private:
  static std::shared_ptr<const memberships> all_of(group& place) {
    if (!place.all) {
      auto made = std::make_shared<memberships>();
      made->reserve(place.members.size());
      for (const auto& [_, one] : place.members) made->push_back(one);
      place.all = std::move(made);
    }
    return place.all;
  }

  /// The subscriptions of several topics on one loop, sorted by receiver.
  static std::shared_ptr<const memberships> merged(found_groups::iterator begin,
                                                   found_groups::iterator end) {
    if (end - begin == 1) return all_of(*begin->second);
    auto made = std::make_shared<memberships>();
    for (auto one = begin; one != end; ++one) {
      const auto some = all_of(*one->second);
      made->insert(made->end(), some->begin(), some->end());
    }
    std::ranges::sort(*made, std::less<>{}, [](auto& one) { return one->to.get(); });
    return made;
  }

  /// Returns whether the pattern has no subscriptions.
  bool erase_if_empty(std::string_view pattern, delivery_loop* loop) {
    auto& by_loop = *topics_.find(pattern);
    if (const auto place = by_loop.find(loop);
        place != by_loop.end() && place->second.members.empty()) {
      by_loop.erase(place);
    }
    if (!by_loop.empty()) return false;
    topics_.erase(pattern);
    return true;
  }

  topic_index<groups> topics_;
  std::size_t size_ = 0;
};

/// Ends all subscriptions of a target, under the lock, but what they owned is destroyed without it.
inline void remove_all(fan_out& topics, std::mutex& mutex, delivery_target& of) noexcept {
  for (bool more = true; more;) {
    fan_out::removed past;
    const std::lock_guard guard{mutex};
    past = topics.remove_any(of);
    more = past.one != nullptr;
  }
}

/// Calls `live(std::error_code)` on the loop of a subscription, before all of its publications. False if the
/// context of the loop has ended.
template <class Acknowledgement>
bool acknowledge(const std::shared_ptr<membership>& one, const Acknowledgement& live) {
  auto to = std::make_shared<const memberships>(memberships{one});
  const auto pushed =
      one->to->loop()->push({nullptr, std::move(to), [live] { live({}); }}, no_limit);
  return pushed == delivery_loop::result::queued;
}

}  // namespace hawser::detail
