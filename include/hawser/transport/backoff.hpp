// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser {

/// How waits are drawn, so that many clients do not come back at once.
enum class jitter : std::uint8_t {
  none,  ///< Each wait in full
  full,  ///< Any wait up to the full one is as likely as any other
};

/// When to connect again: at once, then after `base`, and each time `factor` times that, up to
/// `cap` (zero: without end).
struct backoff {
  using duration = std::chrono::steady_clock::duration;

  duration base = std::chrono::seconds{1};
  duration cap = std::chrono::seconds{30};
  unsigned factor = 2;
  jitter spread = jitter::full;

  /// A connection that lasts this long starts the schedule anew.
  duration healthy_after = std::chrono::seconds{30};

  /// How many attempts in a row may fail, or end before they are healthy. Zero: no limit.
  unsigned max_attempts = 0;
};

/// The full wait before an attempt, counted from 1. Zero before the first.
constexpr backoff::duration wait_before(unsigned attempt, const backoff& settings) noexcept {
  if (attempt <= 1) return backoff::duration::zero();
  const auto cap = settings.cap == settings.cap.zero() ? (backoff::duration::max)() : settings.cap;
  auto wait = (std::min)(settings.base, cap);
  if (settings.factor <= 1 || wait.count() <= 0) return wait;
  for (; attempt > 2 && wait < cap; --attempt) {
    // Not by multiplication first, which might overflow.
    wait = wait > cap / settings.factor ? cap : wait * settings.factor;
  }
  return wait;
}

/// What a schedule draws its waits by. Each of the 2³² values must be as likely as any other;
/// nothing is kept secret by them.
template <class Source>
concept jitter_source = requires(Source& source) {
  { source() } -> std::same_as<std::uint32_t>;
};

/// Draws from the operating system's generator: programs that start together differ.
struct system_jitter {
  std::uint32_t operator()() const noexcept {
    std::array<std::byte, 4> octets{};
    fill_random(octets);
    return load_big_endian<std::uint32_t>(octets);
  }
};

static_assert(jitter_source<system_jitter>);

/// Decides when a client connects again, with time as an argument. Tell it when a connection has
/// come about, and when it has ended or an attempt has failed.
template <jitter_source Source = system_jitter>
class backoff_schedule {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  constexpr explicit backoff_schedule(const backoff& settings = {}, Source source = {})
      : settings_{settings}, source_{std::move(source)} {}

  /// A connection is open.
  constexpr void connected(time_point now) noexcept { open_since_ = now; }

  /// The connection has ended, or no attempt has led to one. Returns when to try next, at once
  /// meaning `now`, or nothing when max_attempts are used up. `at_least` is what the server asks
  /// for in Retry-After (see decode_retry_after()): no wait is shorter, and a drawn one comes on
  /// top of it, since the server may have told many the same.
  constexpr std::optional<time_point> disconnected(time_point now,
                                                   duration at_least = duration::zero()) {
    if (open_since_ && now - *open_since_ >= settings_.healthy_after) reset();
    open_since_.reset();
    if (settings_.max_attempts != 0 && attempts_ == settings_.max_attempts) return std::nullopt;
    ++attempts_;
    const auto full = wait_before(attempts_, settings_);
    if (settings_.spread == jitter::none) return deadline_after(now, (std::max)(full, at_least));
    if (at_least <= duration::zero()) return deadline_after(now, draw(full));
    const auto most = (std::max)(full, wait_before(2, settings_));
    return deadline_after(deadline_after(now, at_least), draw(most));
  }

  /// How many attempts were made, or are due, since the schedule began.
  constexpr unsigned attempts() const noexcept { return attempts_; }

  /// Starts the schedule anew, when the network is another for example.
  constexpr void reset() noexcept { attempts_ = 0; }

 private:
  /// A part of `most`: in two products, since one would need more than 64 bits.
  constexpr duration draw(duration most) {
    if (most.count() <= 0) return duration::zero();
    const auto ticks = static_cast<std::uint64_t>(most.count());
    const std::uint64_t share = source_();
    const auto drawn = (ticks >> 32) * share + ((ticks & 0xFFFF'FFFF) * share >> 32);
    return duration{static_cast<duration::rep>(drawn)};
  }

  backoff settings_;
  Source source_;
  std::optional<time_point> open_since_;
  unsigned attempts_ = 0;
};

}  // namespace hawser
