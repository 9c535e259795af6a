// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser::test {

/// The runs in which a rarity can happen.
enum class scene : std::uint8_t { any, compression, opening, blocking };

/// Rare events that a simulation must have seen, because its runs prove little without them.
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

  context_kept,
  context_dropped,
  context_reset,
  small_window,
  plain_by_threshold,
  plain_by_policy,
  plain_by_sender,
  cut_while_inflating,
  broadcast_encoded,
  broadcast_shared,

  opened,
  subprotocol_agreed,
  extension_agreed,
  frames_behind_handshake,
  refused,
  origin_refused,
  decided_later,
  opening_timed_out,
  opening_truncated,
  opening_broken,
  opened_on_one_side,

  read_timed_out,
  read_in_time,
  write_waited,
  sent_while_reading,
  close_waited,
  close_while_writing,
  abort_while_waiting,

  count,
};

struct rarity_fact {
  scene where;
  std::string_view name;
};

constexpr std::array<rarity_fact, static_cast<std::size_t>(rarity::count)> rarity_facts{{
    {scene::any, "connections reset by the network"},
    {scene::any, "calls of the stream that fail"},
    {scene::any, "directions that swallow all"},
    {scene::any, "directions that stall"},
    {scene::any, "jumps of the time"},
    {scene::any, "writes that take a little"},
    {scene::any, "writes that find no room"},
    {scene::any, "sending sides ended without a Close"},
    {scene::any, "connections aborted by a user"},
    {scene::any, "runs whose both sides are destroyed"},
    {scene::any, "both sides closing at once"},
    {scene::any, "closes inside a fragmented message"},
    {scene::any, "closes without a code"},
    {scene::any, "ends that are clean for both"},
    {scene::any, "messages of more than 64 KiB"},
    {scene::any, "messages sent in fragments"},
    {scene::any, "messages received in parts"},
    {scene::any, "deliveries switched within a message"},
    {scene::any, "readers paused"},
    {scene::any, "pings answered"},
    {scene::any, "pings whose answer a newer one replaced"},
    {scene::any, "messages over the limit"},
    {scene::any, "sends refused because it is over"},
    {scene::any, "ends of the stream without a Close"},
    {scene::any, "ends inside a message"},
    {scene::any, "deaths by silence"},
    {scene::any, "deaths by a peer that takes nothing"},
    {scene::any, "closing handshakes that took too long"},
    {scene::any, "deaths by a reset"},

    {scene::compression, "messages compressed with those before as their context"},
    {scene::compression, "messages compressed without a context"},
    {scene::compression, "contexts reset because of a broadcast"},
    {scene::compression, "windows of 9 bits"},
    {scene::compression, "messages plain because they are short"},
    {scene::compression, "messages plain because of the policy"},
    {scene::compression, "messages plain because their sender says so"},
    {scene::compression, "messages cut while they are inflated"},
    {scene::compression, "broadcasts compressed for this connection first"},
    {scene::compression, "broadcasts that another connection's user compressed"},

    {scene::opening, "opening handshakes that both sides complete"},
    {scene::opening, "subprotocols agreed on"},
    {scene::opening, "extensions agreed on"},
    {scene::opening, "handshakes with frames behind them"},
    {scene::opening, "upgrades refused by the application"},
    {scene::opening, "upgrades refused because of the origin"},
    {scene::opening, "upgrades decided later"},
    {scene::opening, "opening handshakes that took too long"},
    {scene::opening, "opening handshakes cut by the end of the stream"},
    {scene::opening, "opening handshakes that break with the stream"},
    {scene::opening, "handshakes that only one side completes"},

    {scene::blocking, "reads that wait for as long as they may"},
    {scene::blocking, "reads for a time that a message ends"},
    {scene::blocking, "writes that wait"},
    {scene::blocking, "calls while another thread reads"},
    {scene::blocking, "closes that wait for the peer's"},
    {scene::blocking, "closes while another thread writes"},
    {scene::blocking, "aborts while another thread waits"},
}};

/// The number of times that each rarity happened.
class census {
 public:
  void note(rarity what) noexcept { ++counts_[static_cast<std::size_t>(what)]; }
  std::size_t count(rarity what) const noexcept { return counts_[static_cast<std::size_t>(what)]; }

  census& operator+=(const census& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    return *this;
  }

  /// Prints what happened, and what can happen in such scenes but did not.
  std::string shown(const std::vector<scene>& scenes) const {
    std::string lines;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const auto& fact = rarity_facts[i];
      const bool possible = std::find(scenes.begin(), scenes.end(), fact.where) != scenes.end();
      if (!possible && counts_[i] == 0) continue;
      auto number = std::to_string(counts_[i]);
      number.insert(0, number.size() < 9 ? 9 - number.size() : 0, ' ');
      lines += number + "  " + std::string{fact.name} + '\n';
    }
    return lines;
  }

 private:
  std::array<std::size_t, static_cast<std::size_t>(rarity::count)> counts_{};
};

/// A hash of the events of a run. Two runs from one seed have the same.
class hash_of_story {
 public:
  void add(std::uint64_t fact) noexcept { value_ = (value_ ^ fact) * 0x100000001b3; }
  std::uint64_t value() const noexcept { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace hawser::test
