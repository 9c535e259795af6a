// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hawser::test {

/// What a simulation must have seen: without these, its runs prove little.
enum class rarity : std::uint8_t {
  reset,
  call_failed,
  swallowed,
  stalled,
  time_jump,
  short_write,
  window_full,
  half_close,
  abort,
  destroyed,
  crossing_closes,
  close_within_message,
  close_unasked,
  clean_for_both,
  large_message,
  fragmented_message,
  message_in_parts,
  delivery_switched_within,
  paused,
  ping_answered,
  ping_not_answered,
  message_too_big,
  write_after_end,
  end_of_stream,
  truncated,
  keep_alive_timeout,
  write_timeout,
  close_timeout,
  connection_reset,
  count,
};

constexpr std::array<std::string_view, static_cast<std::size_t>(rarity::count)> rarity_names{
    "connections reset by the network",
    "calls of the stream that fail",
    "directions that swallow all",
    "directions that stall",
    "jumps of the time",
    "writes that take a little",
    "writes that find no room",
    "sending sides ended without a Close",
    "connections aborted by a user",
    "runs whose both sides are destroyed",
    "both sides closing at once",
    "closes inside a fragmented message",
    "closes without a code",
    "ends that are clean for both",
    "messages of more than 64 KiB",
    "messages sent in fragments",
    "messages received in parts",
    "deliveries switched within a message",
    "readers paused",
    "pings answered",
    "pings whose answer a newer one replaced",
    "messages over the limit",
    "sends refused because it is over",
    "ends of the stream without a Close",
    "ends inside a message",
    "deaths by silence",
    "deaths by a peer that takes nothing",
    "closing handshakes that took too long",
    "deaths by a reset",
};

/// How often each of it happened.
class census {
 public:
  void note(rarity what) noexcept { ++counts_[static_cast<std::size_t>(what)]; }
  std::size_t count(rarity what) const noexcept { return counts_[static_cast<std::size_t>(what)]; }

  census& operator+=(const census& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    return *this;
  }

  std::string shown() const {
    std::string lines;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      auto number = std::to_string(counts_[i]);
      number.insert(0, number.size() < 9 ? 9 - number.size() : 0, ' ');
      lines += number + "  " + std::string{rarity_names[i]} + '\n';
    }
    return lines;
  }

 private:
  std::array<std::size_t, static_cast<std::size_t>(rarity::count)> counts_{};
};

/// What a run did, as a number: two runs from one seed have the same.
class hash_of_story {
 public:
  void add(std::uint64_t fact) noexcept { value_ = (value_ ^ fact) * 0x100000001b3; }
  std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace hawser::test
