// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/base/bytes.hpp"

// Hexadecimal digits: RFC 4648 §8. Those written are lower-case.

namespace hawser::detail {

/// The value of a hexadecimal digit of either case.
constexpr std::optional<unsigned> decode_hex_digit(char c) noexcept {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = to_lower(c);
  if (lower < 'a' || lower > 'f') return std::nullopt;
  return static_cast<unsigned>(lower - 'a') + 10;
}

/// The byte that two hexadecimal digits stand for.
constexpr std::optional<unsigned char> decode_hex_byte(char high, char low) noexcept {
  const auto upper_bits = decode_hex_digit(high);
  const auto lower_bits = decode_hex_digit(low);
  if (!upper_bits || !lower_bits) return std::nullopt;
  return static_cast<unsigned char>(*upper_bits << 4 | *lower_bits);
}

inline void append_hex(std::string& text, std::byte byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  text += digits[std::to_integer<std::size_t>(byte >> 4)];
  text += digits[std::to_integer<std::size_t>(byte & std::byte{0xF})];
}

inline std::string to_hex(bytes_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) append_hex(text, byte);
  return text;
}

}  // namespace hawser::detail
