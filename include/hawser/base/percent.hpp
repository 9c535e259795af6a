// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/base/hex.hpp"

namespace hawser {

/// What a `+` in encoded text stands for: itself in a path or a host, a space in the query of a form.
enum class plus_sign : std::uint8_t { literal, space };

namespace detail {

/// Takes one encoded character off the front of `text`, which is not empty. Nothing if it is a `%`
/// without two hexadecimal digits.
constexpr std::optional<char> take_encoded(std::string_view& text, plus_sign plus) noexcept {
  const char first = text.front();
  if (first != '%') {
    text.remove_prefix(1);
    return first == '+' && plus == plus_sign::space ? ' ' : first;
  }
  if (text.size() < 3) return std::nullopt;
  const auto value = decode_hex_byte(text[1], text[2]);
  if (!value) return std::nullopt;
  text.remove_prefix(3);
  return static_cast<char>(*value);
}

/// Whether `encoded` decodes to `plain`. Allocates nothing.
constexpr bool decodes_to(std::string_view encoded, std::string_view plain,
                          plus_sign plus) noexcept {
  while (!encoded.empty()) {
    const auto c = take_encoded(encoded, plus);
    if (!c || plain.empty() || *c != plain.front()) return false;
    plain.remove_prefix(1);
  }
  return plain.empty();
}

}  // namespace detail

/// Decodes percent-encoding, RFC 3986 §2.1. Returns nothing if a `%` has no two hexadecimal digits
/// behind it. The result may hold any byte, also NUL, CR, LF and `/`, and need not be UTF-8.
[[nodiscard]] inline std::optional<std::string> percent_decode(
    std::string_view text, plus_sign plus = plus_sign::literal) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto c = detail::take_encoded(text, plus);
    if (!c) return std::nullopt;
    result += *c;
  }
  return result;
}

/// Percent-encodes every byte that is not unreserved (a letter, a digit, or one of `-._~`): RFC 3986 §2.3. The
/// result can be a segment of a path, a value in a query or the value of a cookie. With plus_sign::space a space
/// becomes a `+`, as in a form.
[[nodiscard]] inline std::string percent_encode(std::string_view text,
                                                plus_sign plus = plus_sign::literal) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_letter(c) || is_digit(c) || std::string_view{"-._~"}.find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    if (c == ' ' && plus == plus_sign::space) {
      encoded += '+';
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4];
    encoded += digits[byte & 0xF];
  }
  return encoded;
}

}  // namespace hawser
