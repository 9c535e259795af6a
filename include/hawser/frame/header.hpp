// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/mask.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// The reserved bits, at their positions in a frame's first byte: RFC 6455 §5.2.
inline constexpr std::uint8_t rsv1 = 0x40;
inline constexpr std::uint8_t rsv2 = 0x20;
inline constexpr std::uint8_t rsv3 = 0x10;

/// The header of a frame: RFC 6455 §5.2.
struct frame_header {
  opcode op = opcode::text;
  bool fin = true;
  std::uint8_t reserved = 0;  ///< A combination of rsv1, rsv2 and rsv3
  bool masked = false;        ///< True in a client's frames, false in a server's
  mask_key mask{};            ///< Used only if the frame is masked
  std::uint64_t length = 0;   ///< Bytes of payload, less than 2^63
};

/// The size of the longest header in bytes: 2, plus 8 of length, plus 4 of mask key.
inline constexpr std::size_t max_header_size = 14;

/// The largest payload of a control frame in bytes: RFC 6455 §5.5.
inline constexpr std::size_t max_control_payload = 125;

namespace detail {

/// How many bytes of length follow the first two bytes.
constexpr std::size_t extended_length_size(std::uint64_t length) noexcept {
  return length <= 125 ? 0 : length <= 0xFFFF ? 2 : 8;
}

}  // namespace detail

/// How many bytes encode() writes.
constexpr std::size_t encoded_size(const frame_header& header) noexcept {
  return 2 + detail::extended_length_size(header.length) + (header.masked ? sizeof(mask_key) : 0);
}

namespace detail {

/// encode() with another length than the header's.
constexpr std::size_t encode(const frame_header& header, std::uint64_t length,
                             mutable_bytes out) noexcept {
  const auto extended = extended_length_size(length);
  const auto short_length = extended == 0   ? static_cast<std::uint8_t>(length)
                            : extended == 2 ? std::uint8_t{126}
                                            : std::uint8_t{127};
  out[0] = static_cast<std::byte>((header.fin ? 0x80 : 0) | header.reserved |
                                  static_cast<std::uint8_t>(header.op));
  out[1] = static_cast<std::byte>((header.masked ? 0x80 : 0) | short_length);
  if (extended == 2) store_big_endian(out.subspan(2), static_cast<std::uint16_t>(length));
  if (extended == 8) store_big_endian(out.subspan(2), length);
  std::size_t size = 2 + extended;
  if (header.masked) {
    for (const auto byte : header.mask) out[size++] = byte;
  }
  return size;
}

}  // namespace detail

/// Writes the header in its shortest form to the start of `out` and returns its size. `out` must
/// have at least encoded_size(header) bytes.
constexpr std::size_t encode(const frame_header& header, mutable_bytes out) noexcept {
  return detail::encode(header, header.length, out);
}

/// The result of decode().
struct decoded {
  std::size_t size = 0;  ///< The size of the header in bytes; 0 if it is incomplete or not valid
  errc error = {};       ///< length_not_minimal or length_too_large if it is not valid
};

/// Decodes a header from the start of `in`. The header is complete if the result's size is not 0;
/// `op`, `fin` and `reserved` are set as soon as `in` has two bytes. Checks only that the length is
/// in its shortest form (RFC 6455 §5.2), not whether the frame is allowed.
constexpr decoded decode(bytes_view in, frame_header& header) noexcept {
  if (in.size() < 2) return {};
  const auto first = std::to_integer<std::uint8_t>(in[0]);
  const auto second = std::to_integer<std::uint8_t>(in[1]);
  header.op = static_cast<opcode>(first & 0x0F);
  header.fin = (first & 0x80) != 0;
  header.reserved = static_cast<std::uint8_t>(first & 0x70);
  header.masked = (second & 0x80) != 0;
  std::uint64_t length = second & 0x7F;
  std::size_t size = 2;
  if (length > 125) {
    const auto extended = length == 126 ? std::size_t{2} : std::size_t{8};
    if (in.size() < size + extended) return {};
    length = extended == 2 ? load_big_endian<std::uint16_t>(in.subspan(size))
                           : load_big_endian<std::uint64_t>(in.subspan(size));
    if (length >> 63 != 0) return {0, errc::length_too_large};
    if (detail::extended_length_size(length) != extended) return {0, errc::length_not_minimal};
    size += extended;
  }
  header.length = length;
  if (header.masked) {
    if (in.size() < size + sizeof(mask_key)) return {};
    std::copy_n(in.begin() + static_cast<std::ptrdiff_t>(size), sizeof(mask_key),
                header.mask.begin());
    size += sizeof(mask_key);
  }
  return {size, errc{}};
}

}  // namespace hawser
