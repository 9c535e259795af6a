// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "hawser/pubsub/topic.hpp"
#include "hawser/redis/link/glob.hpp"

namespace hawser::detail {

/// The names of topics in Redis: `prefix:topic`.
class channel_names {
 public:
  explicit channel_names(const std::string& prefix) : prefix_{prefix.empty() ? "" : prefix + ':'} {}

  /// What SUBSCRIBE, or PSUBSCRIBE for a pattern, and PUBLISH need for a valid name.
  std::string of(std::string_view pattern) const {
    std::string name;
    if (!has_wildcard(pattern)) return name.append(prefix_).append(pattern);
    append_glob_literal(name, prefix_);
    append_glob(name, pattern);
    return name;
  }

  /// The key of that kind and name, for commands that have no patterns.
  std::string key(std::string_view kind, std::string_view name) const {
    return std::string{prefix_}.append(kind).append(name);
  }

  /// The topic of a channel, or nothing if it is not one.
  std::optional<std::string_view> topic_of(std::string_view channel) const {
    if (!channel.starts_with(prefix_)) return std::nullopt;
    channel.remove_prefix(prefix_.size());
    return is_topic(channel) ? std::optional{channel} : std::nullopt;
  }

 private:
  const std::string prefix_;
};

/// What a connection has subscribed at the place of Redis' replies that has been read. Redis sends a publication once
/// for its channel, and once for each pattern that matches.
class live_channels {
 public:
  void note(std::string name, bool is_pattern, bool is_live) {
    if (is_pattern) {
      is_live ? void(patterns_.insert(std::move(name))) : void(patterns_.erase(name));
    } else {
      is_live ? void(channels_.insert(std::move(name))) : void(channels_.erase(name));
    }
  }

  /// Whether, of all copies of a publication, that of this pattern counts: the channel is not subscribed, and this
  /// is the first pattern that matches. A copy without a pattern always counts.
  bool counts(std::string_view pattern, std::string_view channel) const {
    if (channels_.contains(std::string{channel})) return false;
    const auto first =
        std::ranges::find_if(patterns_, [&](auto& each) { return glob_matches(each, channel); });
    return first != patterns_.end() && *first == pattern;
  }

  void clear() noexcept {
    channels_.clear();
    patterns_.clear();
  }

 private:
  std::unordered_set<std::string> channels_;
  std::set<std::string> patterns_;
};

}  // namespace hawser::detail
