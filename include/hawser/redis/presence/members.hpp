// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/redis/presence/commands.hpp"

namespace hawser::detail {

/// What the sessions of this process have joined, or are joining: what Redis gets again when it has forgotten it.
class presence_members {
 public:
  using key = std::pair<std::string, std::string>;  // a session and a stream
  using transfer = std::pair<std::string, std::string>;

  /// A session joins. Returns the number of the membership, 0 if it was there already; nothing if the session is on the
  /// stream with another id.
  std::optional<std::uint64_t> add(const presence_membership& one) {
    auto& streams = sessions_[one.session].streams;
    const auto known = streams.find(one.stream);
    if (known == streams.end()) {
      streams.emplace(one.stream, entry{one, ++last_});
      return last_;
    }
    if (known->second.one.entry.id != one.entry.id) return std::nullopt;
    known->second.one = one;
    return 0;
  }

  /// The session has not joined, if that is still the membership with this number.
  void refuse(const std::string& session, const std::string& stream, std::uint64_t number) {
    const auto known = sessions_.find(session);
    if (known == sessions_.end()) return;
    const auto joined = known->second.streams.find(stream);
    if (joined == known->second.streams.end() || joined->second.number != number) return;
    known->second.streams.erase(joined);
    forget_if_empty(known);
  }

  /// Returns whether Redis may have the session on the stream.
  bool leave(std::string_view session, std::string_view stream) {
    const auto known = sessions_.find(session);
    if (known == sessions_.end()) return false;
    const auto joined = known->second.streams.find(stream);
    const bool was_joined = joined != known->second.streams.end();
    const bool is_moving = !known->second.from.empty();
    if (was_joined) known->second.streams.erase(joined);
    if (is_moving) known->second.left.emplace(stream);
    forget_if_empty(known);
    return was_joined || is_moving;
  }

  /// Returns whether Redis may have the session.
  bool forget(std::string_view session) {
    const auto known = sessions_.find(session);
    if (known == sessions_.end()) return false;
    sessions_.erase(known);
    return true;
  }

  /// The session continues `from`, until moved() says what that has joined.
  void begin_transfer(std::string_view from, std::string_view to) {
    forget(from);
    sessions_[std::string{to}].from = from;
  }

  void moved(const std::string& session, const std::vector<presence_membership>& all) {
    const auto known = sessions_.find(session);
    if (known == sessions_.end()) return;
    known->second.from.clear();
    const auto left = std::exchange(known->second.left, {});
    for (const auto& one : all) {
      if (!left.contains(one.stream))
        known->second.streams.emplace(one.stream, entry{one, ++last_});
    }
    forget_if_empty(known);
  }

  /// The transfers that Redis has not answered.
  std::vector<transfer> transfers() const {
    std::vector<transfer> all;
    for (const auto& [session, one] : sessions_) {
      if (!one.from.empty()) all.emplace_back(one.from, session);
    }
    return all;
  }

  /// The memberships behind a place, in the order of their keys, until they have so many bytes.
  std::vector<presence_membership> some_after(const key& place, std::size_t bytes) const {
    std::vector<presence_membership> some;
    std::size_t size = 0;
    for (auto of = sessions_.lower_bound(place.first); of != sessions_.end(); ++of) {
      const auto& streams = of->second.streams;
      auto next = of->first == place.first ? streams.upper_bound(place.second) : streams.begin();
      for (; next != streams.end(); ++next) {
        if (size > bytes) return some;
        const auto& one = some.emplace_back(next->second.one);
        size += 200 + one.stream.size() + one.entry.joined.size() + one.entry.left.size();
      }
    }
    return some;
  }

  bool is_empty() const noexcept { return sessions_.empty(); }

 private:
  struct entry {
    presence_membership one;
    std::uint64_t number;
  };
  struct session_entry {
    std::map<std::string, entry, std::less<>> streams;
    std::string from;                         // of a transfer that has no answer
    std::set<std::string, std::less<>> left;  // meanwhile
  };
  using table = std::map<std::string, session_entry, std::less<>>;

  void forget_if_empty(table::iterator one) {
    if (one->second.streams.empty() && one->second.from.empty()) sessions_.erase(one);
  }

  table sessions_;
  std::uint64_t last_ = 0;
};

}  // namespace hawser::detail
