// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/limit.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/pubsub/presence_store.hpp"

namespace hawser::cable {

struct presence_options {
  /// How long an id remains on its streams after the connection of its last session was lost. Zero: it leaves at once.
  std::chrono::seconds ttl{15};

  std::size_t max_record_bytes = 4'096;     ///< Of an id and its info. Zero: no limit
  std::size_t max_ids_per_stream = 10'000;  ///< Zero: no limit
  std::size_t max_memberships =
      100'000;  ///< Of sessions on streams, on all streams. Zero: no limit
};

using hawser::presence_status;

/// One id of a stream.
struct presence_record {
  std::string id;
  std::string info;  ///< JSON text, empty: none

  bool operator==(const presence_record&) const = default;
};

/// An id that has left a stream.
struct presence_departure {
  std::string stream;
  std::string id;

  bool operator==(const presence_departure&) const = default;
};

/// Which ids are on which streams, by which sessions. An id is on a stream as long as one of its sessions is. Its
/// owner locks it, and passes the time, which must not go back. A session is named by text that no other has.
class presence {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit presence(const presence_options& options = {})
      : ttl_{std::clamp(options.ttl, std::chrono::seconds{0}, longest)},
        most_bytes_{limit_of(options.max_record_bytes)},
        most_ids_{limit_of(options.max_ids_per_stream)},
        most_memberships_{limit_of(options.max_memberships)} {}
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;

  /// A session joins a stream with an id, or replaces the info of its id. Throws std::bad_alloc, without effect.
  presence_status join(std::string_view stream, std::string_view session, std::string_view id,
                       std::string_view info) {
    if (id.size() > most_bytes_ || info.size() > most_bytes_ - id.size()) {
      return presence_status::full;
    }
    const auto known = sessions_.find(session);
    if (known != sessions_.end()) {
      const auto joined = known->second.ids.find(stream);
      if (joined != known->second.ids.end()) {
        if (joined->second != id) return presence_status::mismatch;
        ids_.find(stream)->second.find(id)->second.info = info;
        return presence_status::updated;
      }
    }
    if (memberships_ >= most_memberships_) return presence_status::full;
    return enter(stream, session, id, info);
  }

  /// A session leaves a stream. Returns its id if that has left, so that the others must be informed.
  std::optional<std::string> leave(std::string_view stream, std::string_view session) {
    const auto member = sessions_.find(session);
    if (member == sessions_.end()) return std::nullopt;
    const auto joined = member->second.ids.find(stream);
    if (joined == member->second.ids.end()) return std::nullopt;
    auto id = std::move(joined->second);
    member->second.ids.erase(joined);
    if (member->second.ids.empty()) forget(member);
    if (!release(stream, id)) return std::nullopt;
    return id;
  }

  /// The connection of a session is lost: its ids leave after presence_options::ttl, in expire(), unless transfer() is
  /// called before.
  void disconnect(std::string_view session, time_point now) noexcept {
    const auto member = sessions_.find(session);
    if (member == sessions_.end() || is_lost(member->second)) return;
    auto& one = member->second;
    one.expiry = deadline_after(now, ttl_);
    lost_.splice(lost_.end(), one.place);
  }

  /// What a session has joined belongs to another one, which is its continuation. Has no effect if that one has joined
  /// anything.
  void transfer(std::string_view from, std::string_view to) {
    const auto member = sessions_.find(from);
    if (member == sessions_.end() || sessions_.contains(to)) return;
    auto name = std::string{to};
    find_again(member->second);
    auto moved = sessions_.extract(member);
    moved.key() = std::move(name);
    sessions_.insert(std::move(moved));
  }

  /// The ids whose last session was lost and has not come back in time. They have left. After std::bad_alloc, the ids
  /// that have not left yet leave in the next call.
  std::vector<presence_departure> expire(time_point now) {
    std::vector<presence_departure> left;
    while (next_expiry() <= now) leave_all(sessions_.find(lost_.front()->first), left);
    return left;
  }

  /// When expire() must be called next; max(): not before another call of disconnect().
  time_point next_expiry() const noexcept {
    return lost_.empty() ? (time_point::max)() : lost_.front()->second.expiry;
  }

  /// The ids of a stream, sorted.
  std::vector<presence_record> records(std::string_view stream) const {
    std::vector<presence_record> all;
    if (const auto place = ids_.find(stream); place != ids_.end()) {
      for (const auto& [id, one] : place->second) all.push_back({id, one.info});
    }
    return all;
  }

  std::size_t total(std::string_view stream) const {
    const auto place = ids_.find(stream);
    return place == ids_.end() ? 0 : place->second.size();
  }

  /// The number of sessions on streams, on all streams.
  std::size_t memberships() const noexcept { return memberships_; }

 private:
  // Larger ones would overflow as a number of nanoseconds.
  static constexpr std::chrono::seconds longest = std::chrono::hours{24 * 365 * 100};

  struct shared_id {
    std::string info;
    std::size_t sessions = 0;
  };
  struct joined_streams;
  using entry = std::pair<const std::string, joined_streams>;
  using by_expiry = std::list<const entry*>;
  struct joined_streams {
    std::map<std::string, std::string, std::less<>> ids;  // by stream
    by_expiry place;               // its node, unless the connection is lost: then it is in lost_
    by_expiry::iterator position;  // of that node
    time_point expiry;             // if the connection is lost
  };
  using member_table = std::map<std::string, joined_streams, std::less<>>;

  presence_status enter(std::string_view stream, std::string_view session, std::string_view id,
                        std::string_view info) {
    const auto place = ids_.try_emplace(std::string{stream}).first;
    const bool is_first = !place->second.contains(id);
    if (is_first && place->second.size() >= most_ids_) return presence_status::full;
    try {
      const auto one = place->second.try_emplace(std::string{id}).first;
      // Nothing throws after the last of these.
      std::string copy{info};
      const auto [known, is_new] = sessions_.try_emplace(std::string{session});
      auto& member = known->second;
      if (is_new) member.position = member.place.insert(member.place.end(), &*known);
      member.ids.emplace(stream, id);
      one->second.info.swap(copy);
      ++one->second.sessions;
      ++memberships_;
    } catch (...) {
      if (is_first) std::erase_if(place->second, [&](auto& each) { return each.first == id; });
      if (place->second.empty()) ids_.erase(place);
      const auto made = sessions_.find(session);
      if (made != sessions_.end() && made->second.ids.empty()) sessions_.erase(made);
      throw;
    }
    return is_first ? presence_status::joined : presence_status::updated;
  }

  /// Returns whether the id has left.
  bool release(std::string_view stream, std::string_view id) noexcept {
    --memberships_;
    const auto place = ids_.find(stream);
    const auto one = place->second.find(id);
    if (--one->second.sessions != 0) return false;
    place->second.erase(one);
    if (place->second.empty()) ids_.erase(place);
    return true;
  }

  void forget(member_table::iterator one) noexcept {
    find_again(one->second);
    sessions_.erase(one);
  }

  static bool is_lost(const joined_streams& one) noexcept { return one.place.empty(); }

  /// The session has a connection.
  void find_again(joined_streams& one) noexcept {
    if (is_lost(one)) one.place.splice(one.place.end(), lost_, one.position);
  }

  void leave_all(member_table::iterator one, std::vector<presence_departure>& left) {
    auto& ids = one->second.ids;
    while (!ids.empty()) {
      const auto next = ids.begin();
      left.push_back({next->first, next->second});
      if (!release(next->first, next->second)) left.pop_back();
      ids.erase(next);
    }
    forget(one);
  }

  const std::chrono::seconds ttl_;
  const std::size_t most_bytes_;
  const std::size_t most_ids_;
  const std::size_t most_memberships_;
  std::map<std::string, std::map<std::string, shared_id, std::less<>>, std::less<>> ids_;
  member_table sessions_;
  by_expiry lost_;  // that of the first loss first
  std::size_t memberships_ = 0;
};

}  // namespace hawser::cable
