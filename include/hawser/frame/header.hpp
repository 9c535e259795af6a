// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/mask.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// The reserved bits as they stand in a frame's first octet: RFC 6455 §5.2.
inline constexpr std::uint8_t rsv1 = 0x40;
inline constexpr std::uint8_t rsv2 = 0x20;
inline constexpr std::uint8_t rsv3 = 0x10;

/// What a frame says before its payload: RFC 6455 §5.2.
struct frame_header {
  opcode op = opcode::text;
  bool fin = true;
  std::uint8_t reserved = 0;     ///< A combination of rsv1, rsv2 and rsv3
  std::optional<mask_key> mask;  ///< Always there in a client's frame, never in a server's
  std::uint64_t length = 0;      ///< Octets of payload, less than 2^63
};

/// The longest header: two octets, eight of length, four of mask key.
inline constexpr std::size_t max_header_size = 14;

/// The most a control frame may carry: RFC 6455 §5.5.
inline constexpr std::size_t max_control_payload = 125;

namespace detail {

/// How many octets of length follow the first two.
constexpr std::size_t extended_length_size(std::uint64_t length) noexcept {
  return length <= 125 ? 0 : length <= 0xFFFF ? 2 : 8;
}

}  // namespace detail

/// How many octets encode() writes.
constexpr std::size_t encoded_size(const frame_header& header) noexcept {
  return 2 + detail::extended_length_size(header.length) + (header.mask ? sizeof(mask_key) : 0);
}

/// Writes the header in its shortest form over the start of `out`, which has room for
/// encoded_size(header), and returns how many octets that took.
constexpr std::size_t encode(const frame_header& header, mutable_bytes out) noexcept {
  const auto extended = detail::extended_length_size(header.length);
  const auto short_length = extended == 0   ? static_cast<std::uint8_t>(header.length)
                            : extended == 2 ? std::uint8_t{126}
                                            : std::uint8_t{127};
  out[0] = static_cast<std::byte>((header.fin ? 0x80 : 0) | header.reserved |
                                  static_cast<std::uint8_t>(header.op));
  out[1] = static_cast<std::byte>((header.mask ? 0x80 : 0) | short_length);
  if (extended == 2) store_big_endian(out.subspan(2), static_cast<std::uint16_t>(header.length));
  if (extended == 8) store_big_endian(out.subspan(2), header.length);
  std::size_t size = 2 + extended;
  if (header.mask) {
    for (const auto octet : *header.mask) out[size++] = octet;
  }
  return size;
}

/// What decode() made of some octets.
struct decoded_header {
  frame_header
      header;  ///< Complete if `size` is not 0; op, fin, reserved once two octets are there
  std::size_t size = 0;  ///< How many octets the header took; 0: it is not complete, or wrong
  errc error{};          ///< length_not_minimal or length_too_large
};

/// Reads a header from the start of `in`. Which frames are allowed is not its business, but there
/// is one encoding of each length only: RFC 6455 §5.2.
constexpr decoded_header decode(bytes_view in) noexcept {
  decoded_header result;
  if (in.size() < 2) return result;
  const auto first = std::to_integer<std::uint8_t>(in[0]);
  const auto second = std::to_integer<std::uint8_t>(in[1]);
  auto& header = result.header;
  header.fin = (first & 0x80) != 0;
  header.reserved = static_cast<std::uint8_t>(first & 0x70);
  header.op = static_cast<opcode>(first & 0x0F);
  header.length = second & 0x7F;
  const bool masked = (second & 0x80) != 0;

  const std::size_t extended = header.length < 126 ? 0 : header.length == 126 ? 2 : 8;
  if (in.size() < 2 + extended) return result;
  if (extended == 2) header.length = load_big_endian<std::uint16_t>(in.subspan(2));
  if (extended == 8) header.length = load_big_endian<std::uint64_t>(in.subspan(2));
  if (header.length >> 63 != 0) result.error = errc::length_too_large;
  if (detail::extended_length_size(header.length) != extended) {
    result.error = errc::length_not_minimal;
  }
  if (result.error != errc{}) return result;

  const std::size_t size = 2 + extended + (masked ? sizeof(mask_key) : 0);
  if (in.size() < size) return result;
  if (masked) {
    const auto key = in.subspan(2 + extended, sizeof(mask_key));
    header.mask = mask_key{key[0], key[1], key[2], key[3]};
  }
  result.size = size;
  return result;
}

}  // namespace hawser
