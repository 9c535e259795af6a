// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hawser {

/// Octets somebody else owns, to read.
using bytes_view = std::span<const std::byte>;

/// Octets somebody else owns, to read and change.
using mutable_bytes = std::span<std::byte>;

/// The octets of a text. The view lives as long as the text's characters do.
inline bytes_view as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// The octets as characters, whatever they mean. The view lives as long as the octets do.
inline std::string_view as_text(bytes_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Writes `value` in network byte order over the first sizeof(T) octets of `out`, which must exist.
template <std::unsigned_integral T>
constexpr void store_big_endian(mutable_bytes out, T value) noexcept {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const auto shift = 8 * (sizeof(T) - 1 - i);
    out[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift);
  }
}

/// Reads the first sizeof(T) octets of `in`, which must exist, in network byte order.
template <std::unsigned_integral T>
constexpr T load_big_endian(bytes_view in) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = value << 8 | std::to_integer<std::uint64_t>(in[i]);
  }
  return static_cast<T>(value);
}

}  // namespace hawser
