// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/frame/opcode.hpp"
#include "support/bytes.hpp"
#include "support/printers.hpp"

// Encodes and decodes frames without the library, so that an error of the library is not repeated here.

namespace hawser::test {

using byte_vector = std::vector<std::byte>;

constexpr role peer_of(role own_role) noexcept {
  return own_role == role::client ? role::server : role::client;
}

inline byte_vector operator+(byte_vector left, const byte_vector& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// The key that RFC 6455 §5.7 uses.
inline constexpr std::array example_key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21},
                                        std::byte{0x3D}};

enum class fin : bool { no, yes };

/// Only the header of a frame as `from` sends it, with a declared length of `length` bytes.
inline byte_vector header_from(role from, int op, std::uint64_t length, fin end = fin::yes,
                               int reserved = 0) {
  const unsigned mask = from == role::client ? 0x80 : 0;
  const unsigned first = (end == fin::yes ? 0x80u : 0u) | static_cast<unsigned>(reserved) << 4 |
                         static_cast<unsigned>(op);
  byte_vector out;
  out.reserve(14);
  out.push_back(static_cast<std::byte>(first));
  const int extended = length < 126 ? 0 : length < 65'536 ? 2 : 8;
  out.push_back(static_cast<std::byte>(mask | (extended == 0   ? static_cast<unsigned>(length)
                                               : extended == 2 ? 126u
                                                               : 127u)));
  for (int i = extended - 1; i >= 0; --i) out.push_back(static_cast<std::byte>(length >> 8 * i));
  if (mask != 0) out.insert(out.end(), example_key.begin(), example_key.end());
  return out;
}

/// Masks or unmasks bytes of a payload that follow `before` earlier ones. Processes eight at a time,
/// because programs without optimisation pass gigabytes through it.
inline void apply_key(mutable_bytes payload, bytes_view key, std::size_t before = 0) {
  std::array<std::byte, 8> repeated;
  for (std::size_t i = 0; i < 8; ++i) repeated[i] = key[(before + i) % 4];
  std::uint64_t mask = 0;
  std::memcpy(&mask, repeated.data(), 8);
  std::byte* at = payload.data();
  for (auto left = payload.size() / 8; left != 0; --left, at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, 8);
    eight ^= mask;
    std::memcpy(at, &eight, 8);
  }
  for (std::size_t i = 0; i < payload.size() % 8; ++i) at[i] ^= repeated[i];
}

/// A frame as `from` sends it.
inline byte_vector frame_from(role from, int op, bytes_view payload, fin end = fin::yes,
                              int reserved = 0) {
  auto out = header_from(from, op, payload.size(), end, reserved);
  const auto start = out.size();
  out.insert(out.end(), payload.begin(), payload.end());
  if (from == role::client) apply_key(mutable_bytes{out}.subspan(start), example_key);
  return out;
}

inline byte_vector frame_from(role from, opcode op, std::string_view payload, fin end = fin::yes,
                              int reserved = 0) {
  return frame_from(from, static_cast<int>(op), as_bytes(payload), end, reserved);
}

/// A Close frame with a code.
inline byte_vector close_from(role from, int code, std::string_view reason = {}) {
  byte_vector payload{static_cast<std::byte>(code >> 8), static_cast<std::byte>(code & 0xFF)};
  return frame_from(from, 8, payload + bytes(reason));
}

/// One frame found on the wire.
struct wire_frame {
  int op = 0;
  bool end = true;
  int reserved = 0;
  byte_vector mask;  // empty without a mask
  byte_vector payload;
};

/// Removes and returns the frame at the beginning of `wire` if it is complete.
inline std::optional<wire_frame> take_frame(bytes_view& wire) {
  const auto number = [&](std::size_t from, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8 | std::to_integer<std::uint64_t>(wire[from + i]);
    }
    return value;
  };
  if (wire.size() < 2) return std::nullopt;
  const auto first = number(0, 1);
  const auto second = number(1, 1);
  const std::size_t extended = (second & 0x7F) < 126 ? 0 : (second & 0x7F) == 126 ? 2 : 8;
  const std::size_t key_size = second < 0x80 ? 0 : 4;
  const std::size_t start = 2 + extended + key_size;
  if (wire.size() < start) return std::nullopt;
  const auto length = extended == 0 ? second & 0x7F : number(2, extended);
  if (wire.size() - start < length) return std::nullopt;
  wire_frame frame{
      static_cast<int>(first & 0xF), first >= 0x80, static_cast<int>(first >> 4 & 7), {}, {}};
  const auto key = wire.subspan(start - key_size, key_size);
  const auto body = wire.subspan(start, static_cast<std::size_t>(length));
  frame.mask.assign(key.begin(), key.end());
  frame.payload.assign(body.begin(), body.end());
  if (!frame.mask.empty()) apply_key(frame.payload, frame.mask);
  wire = wire.subspan(start + body.size());
  return frame;
}

/// The complete frames in `wire`; remaining bytes are reported by a last frame with opcode -1.
inline std::vector<wire_frame> frames_in(bytes_view wire) {
  std::vector<wire_frame> frames;
  while (!wire.empty()) {
    auto frame = take_frame(wire);
    frames.push_back(frame ? std::move(*frame) : wire_frame{-1, true, 0, {}, {}});
    if (frames.back().op < 0) break;
  }
  return frames;
}

/// `text "Hello"`, `continuation unfinished "lo"`, `close 1002 "why"`.
inline std::string shown(const wire_frame& frame) {
  if (frame.op < 0) return "a cut frame";
  auto words = shown(static_cast<opcode>(frame.op));
  if (!frame.end) words += " unfinished";
  if (frame.reserved != 0) words += " rsv " + std::to_string(frame.reserved);
  if (frame.op == 8) {
    if (frame.payload.empty()) return words;
    if (frame.payload.size() == 1) return words + " one byte";
    words += ' ' + std::to_string(std::to_integer<int>(frame.payload[0]) * 256 +
                                  std::to_integer<int>(frame.payload[1]));
    if (frame.payload.size() == 2) return words;
    return words + ' ' + shown(bytes_view{frame.payload}.subspan(2));
  }
  return words + ' ' + shown(bytes_view{frame.payload});
}

inline std::vector<std::string> frames_shown(bytes_view wire) {
  std::vector<std::string> words;
  for (const auto& frame : frames_in(wire)) words.push_back(shown(frame));
  return words;
}

}  // namespace hawser::test
