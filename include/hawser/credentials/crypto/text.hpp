// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/hex.hpp"
#include "hawser/json/json.hpp"

namespace hawser::credentials::detail {

/// Decodes canonical base64 with padding: RFC 4648 §4.
inline std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const auto size = base64_decode(text, std::as_writable_bytes(std::span{bytes}));
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

/// Decodes base64url without padding: RFC 7515 §2.
inline std::optional<std::string> from_base64url(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) return std::nullopt;
  std::string usual{text};
  std::replace(usual.begin(), usual.end(), '-', '+');
  std::replace(usual.begin(), usual.end(), '_', '/');
  usual.append((4 - usual.size() % 4) % 4, '=');
  return from_base64(usual);
}

/// Decodes lower-case hexadecimal digits.
inline std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto byte = hawser::detail::decode_hex_byte(text[i], text[i + 1]);
    const bool lower = text[i] == to_lower(text[i]) && text[i + 1] == to_lower(text[i + 1]);
    if (!byte || !lower) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

/// Whether a JSON value is this string.
inline bool is_text(const json& value, std::string_view text) noexcept {
  const auto* const found = value.get_ptr<const std::string*>();
  return found != nullptr && *found == text;
}

/// Takes the text before the last separator off `text`, together with it, and leaves what follows. Nothing, and
/// `text` unchanged, if there is none.
inline std::optional<std::string_view> take_before_last(std::string_view& text,
                                                        std::string_view separator) noexcept {
  const auto at = text.rfind(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const auto before = text.substr(0, at);
  text.remove_prefix(at + separator.size());
  return before;
}

}  // namespace hawser::credentials::detail
