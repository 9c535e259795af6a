// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser::test {

/// The bytes of a text.
inline std::vector<std::byte> bytes(std::string_view characters) {
  const auto view = as_bytes(characters);
  return {view.begin(), view.end()};
}

/// The bytes as characters.
inline std::string text(bytes_view data) { return std::string{as_text(data)}; }

/// That many bytes in a sequence with a long period, so that a lost, repeated or moved byte is detected.
inline std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> made(size);
  for (std::size_t i = 0; i < size; ++i) made[i] = static_cast<std::byte>(i * 31 + i / 251);
  return made;
}

/// Two lower-case digits per byte, without separators.
inline std::string to_hex(bytes_view data) {
  std::string digits;
  for (const auto byte : data) {
    digits += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
    digits += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 0xF];
  }
  return digits;
}

/// The bytes given by hexadecimal `digits`; spaces are ignored.
inline std::vector<std::byte> from_hex(std::string_view digits) {
  std::vector<std::byte> data;
  unsigned high = 0;
  bool half = false;
  for (const char digit : digits) {
    if (digit == ' ') continue;
    const auto value = std::string_view{"0123456789abcdef"}.find(static_cast<char>(digit | 0x20));
    if (value == std::string_view::npos) throw std::invalid_argument{"not a hexadecimal digit"};
    if (half) data.push_back(static_cast<std::byte>(high << 4 | value));
    high = static_cast<unsigned>(value);
    half = !half;
  }
  if (half) throw std::invalid_argument{"half an byte"};
  return data;
}

inline namespace literals {

/// `"81 85 37fa213d"_b`
inline std::vector<std::byte> operator""_b(const char* digits, std::size_t size) {
  return from_hex({digits, size});
}

}  // namespace literals

}  // namespace hawser::test
