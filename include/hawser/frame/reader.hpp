// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// Reads the frames of one peer: headers whole however they are cut, payloads as they come,
/// unmasked in place. It refuses what RFC 6455 §5.2 and §5.5 forbid in a single frame on the header
/// alone.
class frame_reader {
 public:
  /// `self` is the side that reads, `reserved` the bits that an agreed extension may set on the
  /// first frame of a message.
  constexpr explicit frame_reader(role self, std::uint8_t reserved = 0) noexcept
      : self_{self}, reserved_{reserved} {}

  enum class status : std::uint8_t { need_more, in_frame, failed };

  /// Takes the next header off the front of `input`, unless a frame is under way. After `failed`,
  /// error() says why and nothing more can be read.
  constexpr status read_header(mutable_bytes& input) noexcept {
    if (in_frame_) return status::in_frame;
    const bool cut = cut_size_ != 0;
    const auto known = cut_size_;
    if (cut) add_to_cut(input);
    const auto head = cut ? bytes_view{cut_}.first(cut_size_) : bytes_view{input};
    const auto decoded = decode(head);
    error_ = head.size() < 2 ? errc{} : check(decoded.header, head[1]);
    if (error_ == errc{}) error_ = decoded.error;
    if (error_ != errc{}) return status::failed;
    if (decoded.size == 0) {
      if (!cut) add_to_cut(input);
      input = {};
      return status::need_more;
    }
    input = input.subspan(cut ? decoded.size - known : decoded.size);
    cut_size_ = 0;
    header_ = decoded.header;
    taken_ = 0;
    in_frame_ = true;
    return status::in_frame;
  }

  /// The frame under way.
  constexpr const frame_header& header() const noexcept { return header_; }

  /// Takes what `input` has of the frame's payload and unmasks it: RFC 6455 §5.3.
  constexpr mutable_bytes take_payload(mutable_bytes& input) noexcept {
    const auto left = header_.length - taken_;
    const auto size = input.size() < left ? input.size() : static_cast<std::size_t>(left);
    const auto payload = input.first(size);
    if (header_.mask) apply_mask(payload, *header_.mask, static_cast<std::size_t>(taken_ % 4));
    taken_ += size;
    input = input.subspan(size);
    return payload;
  }

  /// Whether a header has been read whose frame is not ended yet.
  constexpr bool in_frame() const noexcept { return in_frame_; }

  /// Whether all of the frame's payload has been taken.
  constexpr bool at_end() const noexcept { return taken_ == header_.length; }

  /// Goes on to the next frame.
  constexpr void end_frame() noexcept { in_frame_ = false; }

  /// Whether the stream may end here without cutting a frame.
  constexpr bool between_frames() const noexcept { return !in_frame_ && cut_size_ == 0; }

  constexpr errc error() const noexcept { return error_; }

 private:
  constexpr void add_to_cut(mutable_bytes input) noexcept {
    const auto size = (std::min)(input.size(), cut_.size() - cut_size_);
    std::copy_n(input.begin(), size, cut_.begin() + static_cast<std::ptrdiff_t>(cut_size_));
    cut_size_ = static_cast<std::uint8_t>(cut_size_ + size);
  }

  /// The rules that the first two octets can break; `second` is the mask bit and the short length.
  constexpr errc check(const frame_header& header, std::byte second) const noexcept {
    const bool first_of_message = header.op == opcode::text || header.op == opcode::binary;
    const auto allowed = first_of_message ? reserved_ : std::uint8_t{0};
    if ((header.reserved & ~allowed) != 0) return errc::bad_reserved_bits;
    if (is_reserved(header.op)) return errc::bad_opcode;
    if (is_control(header.op)) {
      if (!header.fin) return errc::control_fragmented;
      if ((second & std::byte{0x7F}) > std::byte{max_control_payload})
        return errc::control_too_long;
    }
    const bool masked = (second & std::byte{0x80}) != std::byte{};
    if (self_ == role::server && !masked) return errc::unmasked_frame;
    if (self_ == role::client && masked) return errc::masked_frame;
    return errc{};
  }

  frame_header header_;
  std::uint64_t taken_ = 0;
  errc error_{};
  role self_;
  std::uint8_t reserved_;
  bool in_frame_ = false;
  std::uint8_t cut_size_ = 0;
  std::array<std::byte, max_header_size> cut_{};
};

}  // namespace hawser
