// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace hawser {

/// The limits of one turn: how much input of a connection is processed before other connections of
/// the same thread.
struct turn_limits {
  /// Decoded bytes; exceeded by at most 4 KiB. Zero: no limit.
  std::uint32_t bytes = 1024 * 1024;

  /// Events. Zero: no limit.
  std::uint32_t events = 256;
};

/// The rest of a turn. No limits before begin().
class turn_budget {
 public:
  constexpr void begin(const turn_limits& most) noexcept {
    bytes_ = most.bytes != 0 ? most.bytes : unlimited;
    events_ = most.events != 0 ? most.events : unlimited;
  }

  constexpr void spend_bytes(std::size_t count) noexcept {
    if (bytes_ != unlimited)
      bytes_ -= static_cast<std::uint32_t>((std::min<std::size_t>)(bytes_, count));
  }

  /// Must not be called when the budget is used up.
  constexpr void spend_event() noexcept {
    if (events_ != unlimited) --events_;
  }

  constexpr bool used_up() const noexcept { return bytes_ == 0 || events_ == 0; }

 private:
  static constexpr auto unlimited = (std::numeric_limits<std::uint32_t>::max)();

  std::uint32_t bytes_ = unlimited;
  std::uint32_t events_ = unlimited;
};

}  // namespace hawser
