// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// Measures the time from the last ping sent to its pong. A pong with another payload is not its
/// answer: RFC 6455 §5.5.3.
class round_trip {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  constexpr void sent(bytes_view payload, time_point now) noexcept {
    asked_ = digest(payload);
    since_ = now;
  }

  constexpr std::optional<duration> received(bytes_view payload, time_point now) noexcept {
    if (asked_ != digest(payload)) return std::nullopt;
    asked_.reset();
    return now - since_;
  }

 private:
  /// FNV-1a: sufficient to distinguish our own pings without storing their payloads.
  static constexpr std::uint64_t digest(bytes_view payload) noexcept {
    std::uint64_t value = 0xcbf29ce484222325;
    for (const auto byte : payload) {
      value = (value ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
    }
    return value;
  }

  std::optional<std::uint64_t> asked_;
  time_point since_{};
};

}  // namespace hawser
