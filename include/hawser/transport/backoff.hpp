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

/// How waiting times are randomised, so that many clients do not reconnect at the same time.
enum class jitter : std::uint8_t {
  none,  ///< The full time
  full,  ///< Uniformly distributed from zero to the full time
};

/// When to connect again: at once, then after `base`, then each time after `factor` times the last
/// wait, up to `cap` (zero: no limit).
struct backoff {
  using duration = std::chrono::steady_clock::duration;

  duration base = std::chrono::seconds{1};
  duration cap = std::chrono::seconds{30};
  unsigned factor = 2;
  jitter spread = jitter::full;

  /// After a connection that has lasted this long, the schedule restarts.
  duration healthy_after = std::chrono::seconds{30};

  /// How many attempts in a row may fail, or end before `healthy_after`. Zero: no limit.
  unsigned max_attempts = 0;
};

/// The full waiting time before an attempt, counted from 1. Zero before the first.
constexpr backoff::duration wait_before(unsigned attempt, const backoff& settings) noexcept {
  if (attempt <= 1) return backoff::duration::zero();
  const auto cap = settings.cap == settings.cap.zero() ? (backoff::duration::max)() : settings.cap;
  auto wait = (std::min)(settings.base, cap);
  if (settings.factor <= 1 || wait.count() <= 0) return wait;
  for (; attempt > 2 && wait < cap; --attempt) {
    // Divide instead of multiplying first, which could overflow.
    wait = wait > cap / settings.factor ? cap : wait * settings.factor;
  }
  return wait;
}

/// The random source of a schedule. Its 2³² values must be uniformly distributed; they need not be secret.
template <class Source>
concept jitter_source = requires(Source& source) {
  { source() } -> std::same_as<std::uint32_t>;
};

/// Random numbers of the operating system, so that programs that start at the same time differ.
struct system_jitter {
  std::uint32_t operator()() const noexcept {
    std::array<std::byte, 4> bytes{};
    fill_random(bytes);
    return load_big_endian<std::uint32_t>(bytes);
  }
};

static_assert(jitter_source<system_jitter>);

/// Decides when a client connects again, with the time as an argument. Call connected() when a
/// connection is established, and disconnected() when it has ended or an attempt has failed.
template <jitter_source Source = system_jitter>
class backoff_schedule {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  constexpr explicit backoff_schedule(const backoff& settings = {}, Source source = {})
      : settings_{settings}, source_{std::move(source)} {}

  /// A connection is established.
  constexpr void connected(time_point now) noexcept { open_since_ = now; }

  /// The connection has ended, or an attempt has failed. Returns the time of the next attempt
  /// (`now` for at once), or nothing after max_attempts. `at_least` is the server's Retry-After
  /// (see decode_retry_after()): the wait is at least that, and a randomised wait is added to it,
  /// because the server may have sent the same value to many clients.
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

  /// The number of attempts, made or due, since the schedule began.
  constexpr unsigned attempts() const noexcept { return attempts_; }

  /// Restarts the schedule, for example after a change of the network.
  constexpr void reset() noexcept { attempts_ = 0; }

 private:
  /// A random part of `most`, by two products, because one product would need more than 64 bits.
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
