// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "hawser/base/base64.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::cable {

/// A name for a session that cannot be guessed: 144 random bits of the operating system, in 24 characters that a URL
/// may contain. A client that knows it continues the session.
inline std::string make_session_id() {
  std::array<std::byte, 18> random{};
  fill_random(random);
  auto id = base64_encode(random);
  std::ranges::replace(id, '+', '-');
  std::ranges::replace(id, '/', '_');
  return {id.begin(), id.end()};
}

struct session_cache_options {
  std::chrono::seconds ttl{300};       ///< After the loss of the connection. Zero: nothing is kept
  std::size_t max_sessions = 100'000;  ///< Beyond it, the oldest is forgotten. Zero: no limit
  std::size_t max_bytes = 64 * 1024 * 1024;  ///< The same for the bytes. Zero: no limit
};

/// What remains of sessions whose connection was lost, until they continue. Its owner locks it, and passes the time,
/// which must not go back.
template <class Session>
class session_cache {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit session_cache(const session_cache_options& options = {})
      : ttl_{(std::min)(options.ttl, longest)},
        most_sessions_{limit_of(options.max_sessions)},
        most_bytes_{limit_of(options.max_bytes)} {}
  session_cache(const session_cache&) = delete;
  session_cache& operator=(const session_cache&) = delete;

  /// Keeps a session, whose connection was lost at that time. `bytes` is what it occupies, about. Returns what was
  /// forgotten for it and by expiry, to be destroyed without the lock; a session that is too large is among it. Throws
  /// std::bad_alloc, and has then kept nothing.
  std::list<Session> put(std::string_view id, Session session, std::size_t bytes, time_point now) {
    auto past = expire(now);
    auto made = make(id, std::move(session), bytes, now);
    if (ttl_ <= ttl_.zero() || made.front().bytes > most_bytes_) {
      move_session(made, made.begin(), past);
      return past;
    }
    if (const auto known = by_id_.find(id); known != by_id_.end()) remove(known->second, past);
    by_id_.emplace(made.front().id, made.begin());
    bytes_ += made.front().bytes;
    kept_.splice(kept_.end(), made);
    while (kept_.size() > most_sessions_ || bytes_ > most_bytes_) remove(kept_.begin(), past);
    return past;
  }

  /// Returns a session, once: a second client with its id gets nothing.
  std::optional<Session> take(std::string_view id, time_point now) {
    const auto known = by_id_.find(id);
    if (known == by_id_.end() || known->second->expiry <= now) return std::nullopt;
    std::list<Session> taken;
    remove(known->second, taken);
    return std::move(taken.front());
  }

  template <class Call>
  void for_each(Call call) const {
    for (const auto& one : kept_) call(one.session.front());
  }

  /// Returns the sessions whose time has passed, to be destroyed without the lock.
  std::list<Session> expire(time_point now) {
    std::list<Session> past;
    while (!kept_.empty() && kept_.front().expiry <= now) remove(kept_.begin(), past);
    return past;
  }

  /// When expire() has something to return; max(): not before another call of put().
  time_point next_expiry() const noexcept {
    return kept_.empty() ? (time_point::max)() : kept_.front().expiry;
  }

  std::size_t size() const noexcept { return kept_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  // Larger ones would overflow as a number of nanoseconds.
  static constexpr std::chrono::seconds longest = std::chrono::hours{24 * 365 * 100};
  static constexpr std::size_t overhead = 256;

  struct kept_session {
    std::string id;
    std::list<Session> session;  // always one, so that it moves without an exception
    std::size_t bytes = 0;
    time_point expiry;
  };
  // By the time of their loss, which is that of their expiry.
  using sessions = std::list<kept_session>;
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  sessions make(std::string_view id, Session session, std::size_t bytes, time_point now) const {
    sessions made;
    made.push_back({std::string{id},
                    {},
                    overhead + id.size() + sizeof(Session) + bytes,
                    deadline_after(now, ttl_)});
    made.front().session.push_back(std::move(session));
    return made;
  }

  static void move_session(sessions& from, typename sessions::iterator one,
                           std::list<Session>& to) noexcept {
    to.splice(to.end(), one->session);
    from.erase(one);
  }

  void remove(typename sessions::iterator one, std::list<Session>& past) noexcept {
    bytes_ -= one->bytes;
    by_id_.erase(by_id_.find(one->id));
    move_session(kept_, one, past);
  }

  const std::chrono::seconds ttl_;
  const std::size_t most_sessions_;
  const std::size_t most_bytes_;
  sessions kept_;
  std::unordered_map<std::string, typename sessions::iterator, text_hash, std::equal_to<>> by_id_;
  std::size_t bytes_ = 0;
};

}  // namespace hawser::cable
