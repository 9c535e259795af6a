// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "hawser/pubsub/broker.hpp"

namespace hawser::detail {

/// The topics and patterns of each subscriber, also those that wait for Redis.
class wanted_patterns {
 public:
  using patterns = std::set<std::string, std::less<>>;

  void add(const subscriber* one, std::string_view pattern) { all_[one].emplace(pattern); }

  /// Returns false if the subscriber does not have it.
  bool remove(const subscriber* one, std::string_view pattern) noexcept {
    const auto its = all_.find(one);
    if (its == all_.end()) return false;
    const auto known = its->second.find(pattern);
    const bool has_known = known != its->second.end();
    if (has_known) its->second.erase(known);
    if (its->second.empty()) all_.erase(its);
    return has_known;
  }

  /// Removes all of a subscriber.
  patterns take(const subscriber* one) noexcept {
    const auto its = all_.find(one);
    if (its == all_.end()) return {};
    auto taken = std::move(its->second);
    all_.erase(its);
    return taken;
  }

  void clear() noexcept { all_.clear(); }

  std::size_t size() const noexcept {
    std::size_t sum = 0;
    for (const auto& [_, its] : all_) sum += its.size();
    return sum;
  }

 private:
  std::unordered_map<const subscriber*, patterns> all_;
};

}  // namespace hawser::detail
