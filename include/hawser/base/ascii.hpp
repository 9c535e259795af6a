// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <algorithm>
#include <string_view>

namespace hawser {

/// The lower-case form of A–Z; any other character is returned unchanged. Independent of the locale.
constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Whether the texts are equal, with the case of A–Z ignored.
constexpr bool iequals(std::string_view left, std::string_view right) noexcept {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

/// Whether `c` is one of 0–9.
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Whether `c` is one of A–Z and a–z.
constexpr bool is_letter(char c) noexcept { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }

/// SP and HTAB, the only white space inside a header line: RFC 9110 §5.6.3.
constexpr bool is_whitespace(char c) noexcept { return c == ' ' || c == '\t'; }

/// Whether `c` may appear in a token: a field name, a method, a subprotocol or an extension name
/// (RFC 9110 §5.6.2).
constexpr bool is_token_char(char c) noexcept {
  return is_letter(c) || is_digit(c) ||
         std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

/// Whether `text` is a token: not empty, and token characters only. RFC 9110 §5.6.2.
constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

/// Whether `c` may appear in a field value: any byte that is not a control character, and HTAB (RFC
/// 9110 §5.5). Bytes above ASCII are allowed and have no defined meaning.
constexpr bool is_field_value_char(char c) noexcept {
  const auto value = static_cast<unsigned char>(c);
  return (value >= 0x20 && value != 0x7F) || c == '\t';
}

/// The text without SP and HTAB at both ends. A view into `text`.
constexpr std::string_view trim_whitespace(std::string_view text) noexcept {
  while (!text.empty() && is_whitespace(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_whitespace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace hawser
