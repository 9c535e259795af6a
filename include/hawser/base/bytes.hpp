// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hawser {

/// A view of bytes that are owned elsewhere.
using bytes_view = std::span<const std::byte>;

/// A view of bytes that are owned elsewhere and may be changed.
using mutable_bytes = std::span<std::byte>;

/// The bytes of a text. Valid as long as the characters of `text`.
inline bytes_view as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// The bytes as characters, without conversion or check. Valid as long as `bytes`.
inline std::string_view as_text(bytes_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Writes `value` in network byte order to the first sizeof(T) bytes of `out`, which must be that long.
template <std::unsigned_integral T>
constexpr void store_big_endian(mutable_bytes out, T value) noexcept {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const auto shift = 8 * (sizeof(T) - 1 - i);
    out[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift);
  }
}

/// Reads the first sizeof(T) bytes of `in` in network byte order; `in` must be that long.
template <std::unsigned_integral T>
constexpr T load_big_endian(bytes_view in) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = value << 8 | std::to_integer<std::uint64_t>(in[i]);
  }
  return static_cast<T>(value);
}

}  // namespace hawser
