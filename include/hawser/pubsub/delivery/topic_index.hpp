// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "hawser/pubsub/topic.hpp"

namespace hawser::detail {

/// Entries by valid topic or pattern. A topic is found in a hash table; patterns are found segment by segment
/// in a tree: a lookup visits at most the nodes whose path matches a beginning of the topic, at most
/// 2^(segments) and at most all of them.
template <class Entry>
class topic_index {
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  struct node {
    std::map<std::string, node, std::less<>> children;  // "*" and "**" are keys
    std::unique_ptr<Entry> entry;
  };

 public:
  /// The entry of a pattern; added if there is none.
  Entry& at(std::string_view pattern) {
    if (auto* const known = find(pattern)) return *known;
    if (!has_wildcard(pattern)) return topics_[std::string{pattern}];
    auto made = std::make_unique<Entry>();
    auto& entry = node_below(root_, pattern).entry;
    entry = std::move(made);
    ++patterns_;
    return *entry;
  }

  /// The entry of a pattern, or null.
  Entry* find(std::string_view pattern) {
    if (!has_wildcard(pattern)) {
      const auto found = topics_.find(pattern);
      return found == topics_.end() ? nullptr : &found->second;
    }
    auto* place = &root_;
    for (bool more = true; more && place != nullptr;) {
      place = child(*place, take_segment(pattern, more));
    }
    return place == nullptr ? nullptr : place->entry.get();
  }

  /// Removes the entry of a pattern, which must exist.
  void erase(std::string_view pattern) {
    if (!has_wildcard(pattern)) {
      topics_.erase(topics_.find(pattern));
      return;
    }
    erase_below(root_, pattern);
    --patterns_;
  }

  /// Calls `visit(Entry&)` for the topic and for each pattern that matches it.
  template <class Visit>
  void for_each_match(std::string_view topic, Visit visit) {
    if (const auto found = topics_.find(topic); found != topics_.end()) visit(found->second);
    if (patterns_ != 0) visit_below(root_, topic, visit);
  }

  std::size_t size() const noexcept { return topics_.size() + patterns_; }

 private:
  static node* child(node& parent, std::string_view segment) {
    const auto found = parent.children.find(segment);
    return found == parent.children.end() ? nullptr : &found->second;
  }

  /// Adds the nodes of a pattern that are missing: all of them, or none if there is no memory.
  static node& node_below(node& parent, std::string_view rest) {
    bool more = false;
    const auto [place, is_new] = parent.children.try_emplace(std::string{take_segment(rest, more)});
    if (!more) return place->second;
    try {
      return node_below(place->second, rest);
    } catch (...) {
      if (is_new) parent.children.erase(place);
      throw;
    }
  }

  static void erase_below(node& parent, std::string_view rest) {
    bool more = false;
    const auto found = parent.children.find(take_segment(rest, more));
    if (more) {
      erase_below(found->second, rest);
    } else {
      found->second.entry.reset();
    }
    if (!found->second.entry && found->second.children.empty()) parent.children.erase(found);
  }

  template <class Visit>
  static void visit_below(node& parent, std::string_view rest, Visit& visit) {
    if (auto* const all = child(parent, "**")) visit(*all->entry);
    bool more = false;
    const auto segment = take_segment(rest, more);
    for (const auto key : {segment, std::string_view{"*"}}) {
      auto* const next = child(parent, key);
      if (next == nullptr) continue;
      if (more) {
        visit_below(*next, rest, visit);
      } else if (next->entry) {
        visit(*next->entry);
      }
    }
  }

  std::unordered_map<std::string, Entry, text_hash, std::equal_to<>> topics_;
  node root_;
  std::size_t patterns_ = 0;
};

}  // namespace hawser::detail
