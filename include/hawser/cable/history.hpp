// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hawser/base/limit.hpp"
#include "hawser/cable/history_options.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/history_store.hpp"

namespace hawser::cable {

using hawser::history_status;

/// A message that is kept, with its offset.
struct history_message {
  std::uint64_t offset = 0;
  prepared_message text;
  std::chrono::steady_clock::time_point received;
  std::int64_t unix_seconds = 0;
};

struct history_result {
  history_status status = history_status::found;
  std::string epoch = {};                      ///< Of the messages
  std::vector<history_message> messages = {};  ///< Oldest first. None without history_status::found
};

/// The last messages of each stream, in memory. Its owner locks it, and passes the time, which must not go back
/// by the steady clock.
class history {
 public:
  /// The name of the first epoch. Two processes that serve the same clients must not have the same.
  explicit history(std::string epoch, const history_limits& limits = {})
      : epoch_{std::move(epoch)},
        most_streams_{limit_of(limits.max_streams)},
        most_bytes_{limit_of(limits.max_bytes)} {}
  history(const history&) = delete;
  history& operator=(const history&) = delete;

  /// Keeps a message, and returns its position. A message that is larger than all that may be kept has a position,
  /// but is not kept. Throws std::bad_alloc, and has then kept nothing.
  history_position append(std::string_view stream, prepared_message text,
                          const history_options& options, const history_time& now) {
    auto& one = at(stream, options, now);
    expire_messages(one, now.steady);
    history_position made{one.epoch, one.newest + 1};
    one.messages.push_back({made.offset, std::move(text), now.steady, now.unix_seconds});
    ++one.newest;
    const auto size = size_of(one.messages.back());
    one.bytes += size;
    bytes_ += size;
    while (one.messages.size() > limit_of(one.options.max_messages)) drop_first(one);
    forget_oldest(one);
    return made;
  }

  /// The messages after a position.
  history_result after(std::string_view stream, const history_position& position,
                       const history_time& now) {
    auto* const one = find(stream, now);
    if (one == nullptr) return {history_status::unknown_stream};
    if (one->epoch != position.epoch) return {history_status::other_epoch};
    if (position.offset > one->newest) return {history_status::too_new};
    const auto missing = one->newest - position.offset;
    if (missing > one->messages.size()) return {history_status::too_old};
    history_result result{history_status::found, one->epoch};
    const auto end = one->messages.end();
    result.messages.assign(end - static_cast<std::ptrdiff_t>(missing), end);
    return result;
  }

  /// The messages of that second and of later ones that are still kept: none of a stream that is not known.
  history_result since(std::string_view stream, std::int64_t unix_seconds,
                       const history_time& now) {
    auto* const one = find(stream, now);
    if (one == nullptr) return {};
    if (unix_seconds < one->complete_since) return {history_status::gap};
    history_result result{history_status::found, one->epoch};
    for (const auto& each : one->messages) {
      if (each.unix_seconds >= unix_seconds) result.messages.push_back(each);
    }
    return result;
  }

  /// The position of the last message. Nothing of a stream that is not known.
  std::optional<history_position> newest(std::string_view stream, const history_time& now) {
    const auto* const one = find(stream, now);
    if (one == nullptr) return std::nullopt;
    return history_position{one->epoch, one->newest};
  }

  /// Messages of the stream may have been lost until now: a new epoch of it begins, and requests from before fail.
  void break_epoch(std::string_view stream, const history_options& options,
                   const history_time& now) {
    auto next = next_epoch();
    auto& one = at(stream, options, now);
    while (!one.messages.empty()) drop_first(one);
    one.epoch = std::move(next);
    one.newest = 0;
    one.complete_since = now.unix_seconds + 1;
    forget_oldest(one);
  }

  /// Forgets what has expired. Without calls, the limits still hold. Takes time in proportion to all streams.
  void expire(const history_time& now) {
    for (auto one = streams_.begin(); one != streams_.end();) {
      const auto current = one++;
      expire_messages(current->second, now.steady);
      if (has_expired(current->second, now.steady)) forget(current->second);
    }
  }

  std::size_t streams() const noexcept { return streams_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct kept_stream;
  using entry = std::pair<const std::string, kept_stream>;
  using by_age = std::list<entry*>;  // that of the oldest message first
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct kept_stream {
    std::string epoch;
    history_options options = {};
    std::uint64_t newest = 0;
    std::int64_t complete_since = (std::numeric_limits<std::int64_t>::min)();
    std::chrono::steady_clock::time_point changed = {};
    std::size_t bytes = 0;
    std::deque<history_message> messages = {};
    by_age::iterator age = {};
  };

  using table = std::unordered_map<std::string, kept_stream, text_hash, std::equal_to<>>;

  static constexpr std::size_t overhead_of_message = sizeof(history_message) + 160;
  static constexpr std::size_t overhead_of_stream = sizeof(entry) + 768;

  static std::size_t size_of(const history_message& one) noexcept {
    return one.text.frame()->size() + overhead_of_message;
  }

  static bool has_passed(std::chrono::steady_clock::time_point then, std::chrono::seconds time,
                         int times, std::chrono::steady_clock::time_point now) noexcept {
    return time.count() != 0 &&
           std::chrono::floor<std::chrono::seconds>(now - then) / times >= time;
  }

  static bool has_expired(const kept_stream& one,
                          std::chrono::steady_clock::time_point now) noexcept {
    return has_passed(one.changed, one.options.ttl, 10, now);
  }

  /// A stream that is forgotten and comes back must not continue its old offsets, so each begins a new epoch once
  /// any was forgotten.
  std::string next_epoch() { return epoch_ + '.' + std::to_string(++epochs_); }

  kept_stream& at(std::string_view name, const history_options& options, const history_time& now) {
    auto found = streams_.find(name);
    if (found != streams_.end() && has_expired(found->second, now.steady)) {
      forget(found->second);
      found = streams_.end();
    }
    if (found == streams_.end()) {
      found = streams_.emplace(name, kept_stream{forgot_ ? next_epoch() : epoch_}).first;
      try {
        found->second.age = ages_.insert(ages_.end(), &*found);
      } catch (...) {
        streams_.erase(found);
        throw;
      }
      found->second.bytes = overhead_of_stream + 2 * name.size();
      bytes_ += found->second.bytes;
    }
    auto& one = found->second;
    ages_.splice(ages_.end(), ages_, one.age);
    one.options = options;
    one.changed = now.steady;
    return one;
  }

  kept_stream* find(std::string_view name, const history_time& now) {
    const auto found = streams_.find(name);
    if (found == streams_.end()) return nullptr;
    expire_messages(found->second, now.steady);
    if (!has_expired(found->second, now.steady)) return &found->second;
    forget(found->second);
    return nullptr;
  }

  void expire_messages(kept_stream& one, std::chrono::steady_clock::time_point now) noexcept {
    while (!one.messages.empty() &&
           has_passed(one.messages.front().received, one.options.ttl, 1, now)) {
      drop_first(one);
    }
  }

  void drop_first(kept_stream& one) noexcept {
    const auto size = size_of(one.messages.front());
    one.bytes -= size;
    bytes_ -= size;
    one.messages.pop_front();
  }

  /// Makes the limits hold after a change of this stream, which is the newest one.
  void forget_oldest(kept_stream& changed) noexcept {
    while (streams_.size() > most_streams_) forget(ages_.front()->second);
    while (bytes_ > most_bytes_ && &ages_.front()->second != &changed) {
      forget(ages_.front()->second);
    }
    while (bytes_ > most_bytes_ && !changed.messages.empty()) drop_first(changed);
  }

  void forget(kept_stream& one) noexcept {
    forgot_ = true;
    bytes_ -= one.bytes;
    const auto age = one.age;
    streams_.erase(streams_.find((*age)->first));
    ages_.erase(age);
  }

  const std::string epoch_;
  const std::size_t most_streams_;
  const std::size_t most_bytes_;
  table streams_;
  by_age ages_;
  std::size_t bytes_ = 0;
  std::uint64_t epochs_ = 0;
  bool forgot_ = false;
};

}  // namespace hawser::cable
