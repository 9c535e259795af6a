// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser::detail {

/// Assembles messages from data frames. Checks the order of fragments (RFC 6455 §5.4), the limits,
/// and UTF-8 as it arrives (§8.1), and buffers messages that arrive in pieces. The buffer grows
/// with the bytes that arrive, never with the length in a frame header.
class assembler {
 public:
  constexpr assembler(std::uint64_t max_message_size, std::uint64_t max_frames) noexcept
      : max_size_{max_message_size}, max_frames_{max_frames} {}

  /// Begins a text, binary or continuation frame. Returns an error if the frame must not follow, or
  /// if its message exceeds a limit.
  constexpr errc begin_frame(const frame_header& header) noexcept {
    if (header.op == opcode::continuation) {
      if (!open_) return errc::unexpected_continuation;
    } else {
      if (open_) return errc::expected_continuation;
      begin_message(header);
    }
    if (++frames_ > max_frames_) return errc::too_many_fragments;
    // The length of an encoded payload is not the length of the message.
    if (reserved_ == 0 && header.length > remaining()) return errc::message_too_big;
    return errc{};
  }

  /// Counts and checks a piece of the message; `last` ends the message. The part within the size
  /// limit is checked first, so the error does not depend on where the message is cut.
  constexpr errc count(bytes_view piece, bool last) noexcept {
    const bool fits = piece.size() <= remaining();
    const auto counted = fits ? piece : piece.first(static_cast<std::size_t>(remaining()));
    if (kind_ == message_kind::text && !text_.feed(counted)) return errc::invalid_utf8;
    if (!fits) return errc::message_too_big;
    size_ += piece.size();
    if (last && kind_ == message_kind::text && !text_.complete()) return errc::invalid_utf8;
    if (last) open_ = false;
    return errc{};
  }

  /// How many more bytes of encoded payload the message may have. This bounds input that decodes to
  /// little or nothing; even an encoder that flushes after each byte stays far below it.
  constexpr std::uint64_t encoded_remaining() const noexcept {
    constexpr std::uint64_t times = 16;
    constexpr std::uint64_t always = 64 * 1024;
    const auto most = max_size_ < no_limit / times - always ? times * max_size_ + always : no_limit;
    return most > encoded_ ? most - encoded_ : 0;
  }

  /// Counts bytes of the encoded payload, at most encoded_remaining().
  constexpr void count_encoded(std::size_t size) noexcept { encoded_ += size; }

  /// How many more bytes the message may have.
  constexpr std::uint64_t remaining() const noexcept {
    return max_size_ > size_ ? max_size_ - size_ : 0;
  }

  /// Exchanges the limits, also inside a message.
  constexpr void swap_limits(std::uint64_t& max_message_size, std::uint64_t& max_frames) noexcept {
    std::swap(max_size_, max_message_size);
    std::swap(max_frames_, max_frames);
  }

  constexpr message_kind kind() const noexcept { return kind_; }

  /// The reserved bits of the message's first frame; not 0 if an extension encoded the message.
  constexpr std::uint8_t reserved() const noexcept { return reserved_; }

  /// Whether a message has begun and not ended.
  constexpr bool open() const noexcept { return open_; }

  /// Gives up the unfinished message. Stored bytes are kept.
  constexpr void abandon() noexcept { open_ = false; }

  /// Returns true in the first call for a message, and false afterwards. Marks its first part.
  constexpr bool take_first() noexcept { return std::exchange(first_, false); }

  /// The stored bytes of the message.
  bytes_view stored() const noexcept { return buffer_.view(); }

  /// How many bytes of memory that occupies, while it is not cleared.
  std::size_t occupied() const noexcept { return buffer_.capacity(); }

  void store(bytes_view piece) {
    if (buffer_.capacity() == 0) buffer_ = buffer_pool::take();
    buffer_.append(piece);
  }

  /// Memory for `size` bytes after the stored ones; keep(n) then stores the first n of them.
  mutable_bytes grow(std::size_t size) {
    if (buffer_.capacity() == 0) buffer_ = buffer_pool::take();
    return buffer_.prepare(size);
  }

  bytes_view keep(std::size_t size) noexcept {
    buffer_.commit(size);
    return stored().last(size);
  }

  /// Removes the stored bytes and returns their buffer to the pool.
  void clear() noexcept { buffer_pool::give(std::move(buffer_)); }

 private:
  constexpr void begin_message(const frame_header& header) noexcept {
    open_ = true;
    first_ = true;
    kind_ = static_cast<message_kind>(header.op);
    reserved_ = header.reserved;
    frames_ = 0;
    size_ = 0;
    encoded_ = 0;
    text_.reset();
  }

  static constexpr auto no_limit = static_cast<std::uint64_t>(-1);

  std::uint64_t max_size_;
  std::uint64_t max_frames_;
  std::uint64_t size_ = 0;
  std::uint64_t encoded_ = 0;
  std::uint64_t frames_ = 0;
  byte_buffer buffer_;
  utf8_validator text_;
  message_kind kind_ = message_kind::binary;
  std::uint8_t reserved_ = 0;
  bool open_ = false;
  bool first_ = false;
};

}  // namespace hawser::detail
