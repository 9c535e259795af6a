// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/sha1.hpp"

namespace hawser {

/// The value of Sec-WebSocket-Key: 16 bytes in base64, RFC 6455 §4.1.
using handshake_key = std::array<char, base64_size(16)>;

/// The value of Sec-WebSocket-Accept: RFC 6455 §4.2.2.
using accept_key = std::array<char, base64_size(20)>;

/// The field value for these 16 bytes, which must be random.
constexpr handshake_key encode_key(const std::array<std::byte, 16>& bytes) noexcept {
  return base64_encode(bytes);
}

/// Whether `key` is the base64 of 16 bytes: RFC 6455 §4.2.1 (5).
constexpr bool is_handshake_key(std::string_view key) noexcept {
  std::array<std::byte, 16> bytes{};
  return key.size() == handshake_key{}.size() && base64_decode(key, bytes) == bytes.size();
}

/// The Sec-WebSocket-Accept for a Sec-WebSocket-Key. `key` is used as it was sent, and must have
/// the size of a handshake_key.
constexpr accept_key accept_key_for(std::string_view key) noexcept {
  constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<char, handshake_key{}.size() + guid.size()> text{};
  std::copy_n(guid.begin(), guid.size(),
              std::copy_n(key.begin(), handshake_key{}.size(), text.begin()));
  return base64_encode(sha1(std::string_view{text.data(), text.size()}));
}

}  // namespace hawser
