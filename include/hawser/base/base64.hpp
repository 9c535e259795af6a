// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// The number of characters that encode `size` bytes, padding included.
constexpr std::size_t base64_size(std::size_t size) noexcept { return (size + 2) / 3 * 4; }

namespace detail {

inline constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr void base64_encode(bytes_view in, char* out) noexcept {
  for (std::size_t i = 0; i < in.size(); i += 3) {
    const auto byte = [&](std::size_t n) {
      return i + n < in.size() ? std::to_integer<std::uint32_t>(in[i + n]) : 0;
    };
    const auto bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    *out++ = base64_alphabet[bits >> 18];
    *out++ = base64_alphabet[bits >> 12 & 0x3F];
    *out++ = i + 1 < in.size() ? base64_alphabet[bits >> 6 & 0x3F] : '=';
    *out++ = i + 2 < in.size() ? base64_alphabet[bits & 0x3F] : '=';
  }
}

}  // namespace detail

/// The bytes in base64 with padding: RFC 4648 §4.
template <std::size_t Size>
constexpr std::array<char, base64_size(Size)> base64_encode(
    const std::array<std::byte, Size>& bytes) noexcept {
  std::array<char, base64_size(Size)> characters{};
  detail::base64_encode(bytes, characters.data());
  return characters;
}

/// The bytes in base64 with padding: RFC 4648 §4.
inline std::string base64_encode(bytes_view bytes) {
  std::string characters(base64_size(bytes.size()), '=');
  detail::base64_encode(bytes, characters.data());
  return characters;
}

/// The bytes in base64url without padding: RFC 4648 §5, RFC 7515 §2.
inline std::string base64url_encode(bytes_view bytes) {
  auto characters = base64_encode(bytes);
  characters.resize((std::min)(characters.find('='), characters.size()));
  std::replace(characters.begin(), characters.end(), '+', '-');
  std::replace(characters.begin(), characters.end(), '/', '_');
  return characters;
}

/// Decodes `text` to the start of `out` and returns the number of bytes written. Returns nothing if
/// `text` is not canonical base64 (padding is required, unused bits must be zero, white space is
/// not allowed: RFC 4648 §3) or if `out` is too small; the content of `out` is then unspecified.
constexpr std::optional<std::size_t> base64_decode(std::string_view text,
                                                   mutable_bytes out) noexcept {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  const auto size = (text.size() + padding) / 4 * 3 - padding;
  if (size > out.size()) return std::nullopt;

  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t written = 0;
  for (const char c : text) {
    const auto value = detail::base64_alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out[written++] = static_cast<std::byte>(bits >> held);
    bits &= (1U << held) - 1;
  }
  if (bits != 0) return std::nullopt;
  return written;
}

}  // namespace hawser
