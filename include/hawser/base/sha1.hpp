// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// A SHA-1 digest.
using sha1_digest = std::array<std::byte, 20>;

namespace detail {

using sha1_block = std::array<std::byte, 64>;
using sha1_state = std::array<std::uint32_t, 5>;

constexpr std::uint32_t sha1_mix(std::size_t round, std::uint32_t b, std::uint32_t c,
                                 std::uint32_t d) noexcept {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5A827999;
  if (round < 40) return (b ^ c ^ d) + 0x6ED9EBA1;
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
  return (b ^ c ^ d) + 0xCA62C1D6;
}

// RFC 3174 §6.1
constexpr void sha1_process(sha1_state& state, const sha1_block& block) noexcept {
  std::array<std::uint32_t, 80> words{};
  for (std::size_t i = 0; i < 16; ++i) {
    words[i] = load_big_endian<std::uint32_t>(bytes_view{block}.subspan(4 * i));
  }
  for (std::size_t i = 16; i < 80; ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  auto [a, b, c, d, e] = state;
  for (std::size_t i = 0; i < 80; ++i) {
    const auto next = std::rotl(a, 5) + sha1_mix(i, b, c, d) + e + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

template <class Byte>
constexpr sha1_digest sha1(const Byte* bytes, std::size_t size) noexcept {
  sha1_state state{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  sha1_block block{};
  std::size_t filled = 0;
  const auto append = [&](std::byte byte) {
    block[filled++] = byte;
    if (filled < block.size()) return;
    sha1_process(state, block);
    filled = 0;
  };

  for (std::size_t i = 0; i < size; ++i) append(static_cast<std::byte>(bytes[i]));
  // Padding: a one bit, zeros, and the length in bits at the end of a block, RFC 3174 §4.
  append(std::byte{0x80});
  while (filled != block.size() - 8) append(std::byte{0});
  std::array<std::byte, 8> bits{};
  store_big_endian(mutable_bytes{bits}, std::uint64_t{size} * 8);
  for (const auto byte : bits) append(byte);

  sha1_digest digest{};
  for (std::size_t i = 0; i < state.size(); ++i) {
    store_big_endian(mutable_bytes{digest}.subspan(4 * i), state[i]);
  }
  return digest;
}

}  // namespace detail

/// SHA-1 of the bytes: RFC 3174. For the accept key of RFC 6455 §4.2.2, which needs no secrecy; not
/// for data that must be protected against forgery.
constexpr sha1_digest sha1(bytes_view bytes) noexcept {
  return detail::sha1(bytes.data(), bytes.size());
}

/// SHA-1 of the text's bytes.
constexpr sha1_digest sha1(std::string_view text) noexcept {
  return detail::sha1(text.data(), text.size());
}

}  // namespace hawser
