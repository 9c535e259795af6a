// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// Reads the frames of one peer: headers are joined if they are cut, payloads are returned as they
/// arrive and unmasked in place. Refuses, by the header alone, what RFC 6455 §5.2 and §5.5 forbid
/// in a single frame.
class frame_reader {
 public:
  /// `own_role` is the side that reads; `reserved` are the bits that the negotiated extension may set
  /// on the first frame of a message.
  constexpr explicit frame_reader(role own_role, std::uint8_t reserved = 0) noexcept
      : own_role_{own_role}, reserved_{reserved} {}

  enum class status : std::uint8_t { need_more, in_frame, failed };

  /// Takes the next header from the front of `input`, unless a frame has begun and not ended. After
  /// `failed`, error() is the reason, and nothing more can be read.
  constexpr status read_header(mutable_bytes& input) noexcept {
    if (in_frame_) return status::in_frame;
    if (cut_size_ != 0) return read_cut_header(input);
    if (const auto size = begin_frame(input); size != 0) {
      input = input.subspan(size);
      return status::in_frame;
    }
    return keep_cut(input);
  }

  /// The header of the frame that has begun.
  constexpr const frame_header& header() const noexcept { return header_; }

  /// Takes the bytes of the frame's payload from the front of `input` and unmasks them in place:
  /// RFC 6455 §5.3.
  constexpr mutable_bytes take_payload(mutable_bytes& input) noexcept {
    const auto left = header_.length - taken_;
    const auto size = input.size() < left ? input.size() : static_cast<std::size_t>(left);
    const auto payload = input.first(size);
    if (header_.masked) apply_mask(payload, header_.mask, static_cast<std::size_t>(taken_ % 4));
    taken_ += size;
    input = input.subspan(size);
    return payload;
  }

  /// Returns the end of the last result of take_payload() to the front of `input`, masked again.
  /// `rest` and `input` must be adjacent.
  constexpr void put_back(mutable_bytes rest, mutable_bytes& input) noexcept {
    taken_ -= rest.size();
    if (header_.masked) apply_mask(rest, header_.mask, static_cast<std::size_t>(taken_ % 4));
    input = {rest.data(), rest.size() + input.size()};
  }

  /// Whether the frame that has begun, or the one that `input` begins or continues, is a control
  /// frame. `input` is not empty.
  constexpr bool is_control_next(bytes_view input) const noexcept {
    if (in_frame_) return is_control(header_.op);
    const auto first = cut_size_ != 0 ? cut_[0] : input[0];
    return is_control(static_cast<opcode>(std::to_integer<std::uint8_t>(first) & 0x0F));
  }

  /// Whether a frame has begun and not ended.
  constexpr bool in_frame() const noexcept { return in_frame_; }

  /// Whether all of the frame's payload has been taken.
  constexpr bool at_end() const noexcept { return taken_ == header_.length; }

  /// Ends the frame, so that the next header can be read.
  constexpr void end_frame() noexcept { in_frame_ = false; }

  /// Whether the stream could end here without cutting a frame.
  constexpr bool between_frames() const noexcept { return !in_frame_ && cut_size_ == 0; }

  constexpr errc error() const noexcept { return error_; }

 private:
  constexpr void add_to_cut(mutable_bytes input) noexcept {
    const auto size = (std::min)(input.size(), cut_.size() - cut_size_);
    std::copy_n(input.begin(), size, cut_.begin() + static_cast<std::ptrdiff_t>(cut_size_));
    cut_size_ = static_cast<std::uint8_t>(cut_size_ + size);
  }

  /// Continues a header that began in an earlier input.
  constexpr status read_cut_header(mutable_bytes& input) noexcept {
    const auto known = cut_size_;
    add_to_cut(input);
    if (const auto size = begin_frame(bytes_view{cut_}.first(cut_size_)); size != 0) {
      input = input.subspan(size - known);
      cut_size_ = 0;
      return status::in_frame;
    }
    if (error_ != errc{}) return status::failed;
    input = {};
    return status::need_more;
  }

  constexpr status keep_cut(mutable_bytes& input) noexcept {
    if (error_ != errc{}) return status::failed;
    add_to_cut(std::exchange(input, {}));
    return status::need_more;
  }

  /// Begins a frame if its header is complete and allowed. Returns the size of the header, or 0.
  constexpr std::size_t begin_frame(bytes_view head) noexcept {
    if (head.size() < 2) return 0;
    error_ =
        check_head(std::to_integer<std::uint8_t>(head[0]), std::to_integer<std::uint8_t>(head[1]));
    if (error_ != errc{}) return 0;
    const auto [size, error] = decode(head, header_);
    error_ = error;
    taken_ = 0;
    in_frame_ = size != 0;
    return size;
  }

  /// Checks the rules that concern the first two bytes.
  constexpr errc check_head(std::uint8_t first, std::uint8_t second) const noexcept {
    const auto op = static_cast<opcode>(first & 0x0F);
    const bool first_of_message = op == opcode::text || op == opcode::binary;
    const auto allowed = first_of_message ? reserved_ : std::uint8_t{0};
    if ((first & 0x70 & ~allowed) != 0) return errc::bad_reserved_bits;
    if (is_reserved(op)) return errc::bad_opcode;
    if (is_control(op)) {
      if ((first & 0x80) == 0) return errc::control_fragmented;
      if ((second & 0x7F) > max_control_payload) return errc::control_too_long;
    }
    const bool masked = (second & 0x80) != 0;
    if (masked != (own_role_ == role::server)) {
      return masked ? errc::masked_frame : errc::unmasked_frame;
    }
    return errc{};
  }

  frame_header header_;
  std::uint64_t taken_ = 0;
  errc error_{};
  role own_role_;
  std::uint8_t reserved_;
  bool in_frame_ = false;
  std::uint8_t cut_size_ = 0;
  std::array<std::byte, max_header_size> cut_{};
};

}  // namespace hawser
