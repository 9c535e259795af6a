// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "hawser/cable/engine/connection_core.hpp"
#include "hawser/cable/identifiers.hpp"

namespace hawser::cable::detail {

/// The connections of a server, by their numbers and by what identifies them. May be used on any thread.
class registry {
 public:
  using connections = std::vector<connection_handle>;

  void enter(const connection_handle& one) {
    const std::lock_guard guard{mutex_};
    connections_.emplace(one.id(), entry{one, {}, {}});
  }

  /// From now on the connection is found by its identifiers.
  void identify(std::uint64_t id, const identifier_texts& texts) {
    const std::lock_guard guard{mutex_};
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    auto& known = found->second;
    known.texts = texts;
    known.values.reserve(texts.size());
    for (const auto& [name, text] : texts) {
      auto& place = *by_value_.try_emplace(key(name, text)).first;
      place.second.insert(id);
      known.values.push_back(&place);
    }
  }

  void leave(std::uint64_t id) noexcept {
    const std::lock_guard guard{mutex_};
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    for (const auto* const value : found->second.values) {
      const auto place = by_value_.find(value->first);
      place->second.erase(id);
      if (place->second.empty()) by_value_.erase(place);
    }
    connections_.erase(found);
  }

  std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return connections_.size();
  }

  /// The number of values by which connections are found.
  std::size_t values() const {
    const std::lock_guard guard{mutex_};
    return by_value_.size();
  }

  connections all() const {
    connections found;
    const std::lock_guard guard{mutex_};
    found.reserve(connections_.size());
    for (const auto& [_, known] : connections_) found.push_back(known.one);
    return found;
  }

  /// Those that have all of these values, of which there is at least one.
  connections find(const identifier_texts& wanted) const {
    connections found;
    const std::lock_guard guard{mutex_};
    const ids* fewest = nullptr;
    for (const auto& [name, text] : wanted) {
      const auto place = by_value_.find(key(name, text));
      if (place == by_value_.end()) return found;
      if (fewest == nullptr || place->second.size() < fewest->size()) fewest = &place->second;
    }
    if (fewest == nullptr) return found;
    for (const auto id : *fewest) {
      const auto& known = connections_.find(id)->second;
      if (includes(known.texts, wanted)) found.push_back(known.one);
    }
    return found;
  }

 private:
  using ids = std::unordered_set<std::uint64_t>;

  using value_map = std::unordered_map<std::string, ids>;

  struct entry {
    connection_handle one;
    identifier_texts texts;
    std::vector<const value_map::value_type*> values;  // so that leave() needs no memory for keys
  };

  static std::string key(std::string_view name, std::string_view text) {
    return std::string{name}.append(1, '\0').append(text);
  }

  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, entry> connections_;
  value_map by_value_;
};

}  // namespace hawser::cable::detail
