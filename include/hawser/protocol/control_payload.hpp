// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"

namespace hawser {

/// A copy of the payload of one control frame, at most 125 bytes: RFC 6455 §5.5.
class control_payload {
 public:
  constexpr void append(bytes_view bytes) noexcept {
    for (const auto byte : bytes) bytes_[size_++] = byte;
  }

  constexpr void clear() noexcept { size_ = 0; }

  constexpr bytes_view view() const noexcept { return bytes_view{bytes_}.first(size_); }

 private:
  std::uint8_t size_ = 0;
  std::array<std::byte, max_control_payload> bytes_;
};

}  // namespace hawser
