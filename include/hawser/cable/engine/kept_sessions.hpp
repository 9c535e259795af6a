// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hawser/cable/engine/connection_core.hpp"
#include "hawser/cable/engine/session_numbers.hpp"
#include "hawser/cable/engine/stream_table.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/cable/identifiers.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/session_cache.hpp"

namespace hawser::cable::detail {

/// A subscription of a lost connection.
struct kept_subscription {
  std::string identifier;
  json state;                                                   ///< Of its channel
  std::vector<std::pair<std::string, stream_options>> streams;  ///< Those without callbacks
};

/// What remains of a lost connection.
struct kept_session {
  std::string sid;
  identifiers who;
  std::vector<kept_subscription> subscriptions;

  /// Sees a remote disconnect meanwhile, after which the session must not continue.
  std::unique_ptr<stream_table::link> internal;
  std::shared_ptr<std::atomic<bool>> is_revoked;

  /// About what it occupies.
  std::size_t size() const {
    std::size_t bytes = 1024;
    for (const auto& one : subscriptions) {
      bytes += 256 + one.identifier.size() + (one.state.is_null() ? 0 : to_text(one.state).size());
      for (const auto& [name, _] : one.streams) bytes += 256 + name.size();
    }
    return bytes;
  }
};

/// The sessions of the extended protocol, by their ids: those with a connection, and what remains of the others. May be
/// used on any thread.
class kept_sessions {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `numbers` must exist longer.
  kept_sessions(const session_cache_options& options, session_numbers& numbers)
      : lost_{options}, numbers_{numbers} {}

  void add(const std::string& sid, const connection_handle& one) {
    const std::lock_guard guard{mutex_};
    live_.insert_or_assign(sid, live_session{one, {}});
    numbers_.add(sid, one.id());
  }

  /// The session has no connection any more, and does not continue.
  void remove(const std::string& sid) {
    auto waiting = end(sid);
    for (const auto& call : waiting) call();
  }

  /// The same, but it may continue.
  void keep(kept_session one, time_point now) {
    const auto sid = one.sid;
    const auto size = one.size();
    std::list<kept_session> past;  // destroyed without the lock
    {
      const std::lock_guard guard{mutex_};
      past = lost_.put(sid, std::move(one), size, now);
    }
    remove(sid);
  }

  /// Takes what remains of a session, once.
  std::optional<kept_session> take(std::string_view sid, time_point now) {
    std::optional<kept_session> found;
    {
      const std::lock_guard guard{mutex_};
      found = lost_.take(sid, now);
    }
    if (found && found->is_revoked->load()) found.reset();
    return found;
  }

  /// The connection of a session that the server regards as alive; nothing if there is none. `ended` is called, on any
  /// thread, when it has ended.
  std::optional<connection_handle> wait_for_end(const std::string& sid,
                                                std::function<void()> ended) {
    const std::lock_guard guard{mutex_};
    const auto known = live_.find(sid);
    if (known == live_.end()) return std::nullopt;
    known->second.waiting.push_back(std::move(ended));
    return known->second.connection;
  }

  /// Sessions with these identifiers do not continue.
  void revoke(const identifier_texts& where) {
    const std::lock_guard guard{mutex_};
    lost_.for_each([&](const kept_session& one) {
      if (includes(one.who.texts(), where)) one.is_revoked->store(true);
    });
  }

  void expire(time_point now) {
    std::list<kept_session> past;
    const std::lock_guard guard{mutex_};
    past = lost_.expire(now);
  }

  std::size_t lost() const {
    const std::lock_guard guard{mutex_};
    return lost_.size();
  }

 private:
  using calls = std::vector<std::function<void()>>;

  struct live_session {
    connection_handle connection;
    calls waiting;
  };

  calls end(const std::string& sid) {
    const std::lock_guard guard{mutex_};
    const auto known = live_.find(sid);
    if (known == live_.end()) return {};
    auto waiting = std::move(known->second.waiting);
    live_.erase(known);
    numbers_.remove(sid);
    return waiting;
  }

  mutable std::mutex mutex_;
  session_cache<kept_session> lost_;
  std::unordered_map<std::string, live_session> live_;
  session_numbers& numbers_;
};

}  // namespace hawser::cable::detail
