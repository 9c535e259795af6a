// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <algorithm>
#include <string_view>

namespace hawser {

/// Only A–Z change: no locale is asked.
constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Whether two texts differ at most in the case of A–Z.
constexpr bool iequals(std::string_view left, std::string_view right) noexcept {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr bool is_letter(char c) noexcept { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }

/// SP and HTAB, the only white space inside a header line: RFC 9110 §5.6.3.
constexpr bool is_whitespace(char c) noexcept { return c == ' ' || c == '\t'; }

/// What a name of a field, a method, a subprotocol or an extension is made of: RFC 9110 §5.6.2.
constexpr bool is_token_char(char c) noexcept {
  return is_letter(c) || is_digit(c) ||
         std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

/// At least one character, and nothing but token characters: RFC 9110 §5.6.2.
constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

/// What a header's value may hold: no control character but HTAB, RFC 9110 §5.5. Octets above
/// ASCII may stand there and have no meaning.
constexpr bool is_field_value_char(char c) noexcept {
  const auto value = static_cast<unsigned char>(c);
  return (value >= 0x20 && value != 0x7F) || c == '\t';
}

/// The text without SP and HTAB at its ends, a view into it.
constexpr std::string_view trim_whitespace(std::string_view text) noexcept {
  while (!text.empty() && is_whitespace(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_whitespace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace hawser
