// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/cable/history_options.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/server_message.hpp"

namespace hawser::cable::detail {

/// How much of its streams one subscription has received: the position of the last message of each stream, and a
/// second of the server's time before which nothing is missing.
class received_positions {
 public:
  /// Notes a message. Returns false if it was received before.
  bool advance(const stream_position& of) {
    const auto known = streams_.find(of.stream_id);
    if (known == streams_.end()) {
      if (streams_.size() < max_streams) streams_.emplace(of.stream_id, place{of.epoch, of.offset});
      return true;
    }
    auto& one = known->second;
    if (one.epoch == of.epoch && of.offset <= one.offset) return false;
    one = {of.epoch, of.offset};
    return true;
  }

  /// Nothing is missing that was published before this time of the server.
  void complete_at(std::int64_t unix_seconds) noexcept {
    // A ping may overtake messages that were published at the end of the second before.
    since_ = unix_seconds - 1;
  }

  /// The server cannot continue what was received. Doubles are still found.
  void invalidate() {
    since_.reset();
    for (auto& [_, one] : streams_) one.is_current = false;
  }

  void clear() {
    since_.reset();
    streams_.clear();
  }

  /// The member `history` of a command; null if there is nothing to continue.
  json request() const {
    json made;
    if (since_) made["since"] = *since_;
    for (const auto& [name, one] : streams_) {
      if (one.is_current) made["streams"][name] = {{"epoch", one.epoch}, {"offset", one.offset}};
    }
    return made;
  }

  /// Whether the answer to request() can contain all that was missed: also of streams that have not sent anything yet.
  /// `same_history`: the server is known to have the same history as before, without a position that proves it.
  bool can_be_completed(bool same_history) const {
    const auto is_current = [](const auto& one) { return one.second.is_current; };
    return since_ && (same_history || std::ranges::any_of(streams_, is_current));
  }

 private:
  // A hostile server can name any number of them.
  static constexpr std::size_t max_streams = 1000;

  struct place {
    std::string epoch;
    std::uint64_t offset = 0;
    bool is_current = true;
  };

  std::map<std::string, place, std::less<>> streams_;
  std::optional<std::int64_t> since_;
};

/// The time of a ping in seconds since 1970, whichever precision the URL has asked for (`ptp`). Nothing if it has none.
inline std::optional<std::int64_t> ping_seconds(const server_message& ping) {
  if (!ping.message.is_number_unsigned()) return std::nullopt;
  constexpr std::uint64_t year_5138 = 100'000'000'000;
  auto time = ping.message.get<std::uint64_t>();
  while (time >= year_5138) time /= 1000;
  return static_cast<std::int64_t>(time);
}

}  // namespace hawser::cable::detail
