// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"

namespace hawser::detail {

/// A part of an outbox whose bytes do not move: a buffer of small frames, or a payload that may be
/// shared.
struct output_chunk {
  explicit output_chunk(byte_buffer frames)
      : buffer{std::move(frames)}, bytes{buffer.view()}, occupied{buffer.capacity()} {}
  output_chunk(bytes_view owned, std::shared_ptr<const void> by, bool ends, std::size_t pieces)
      : bytes{owned},
        owner{std::move(by)},
        shared_pieces{pieces},
        occupied{owned.size()},
        ends_frame{ends} {
    occupied = its_part();
  }

  /// What it occupies. Of a shared frame, one owner is the message, and each outbox owns `shared_pieces`.
  std::size_t its_part() const noexcept {
    if (shared_pieces == 0) return occupied;
    const auto others = static_cast<std::size_t>((std::max)(owner.use_count(), 1L)) - 1;
    return bytes.size() / (std::max)(others / shared_pieces, std::size_t{1});
  }

  byte_buffer buffer;
  bytes_view bytes;
  std::shared_ptr<const void> owner;
  std::size_t shared_pieces = 0;  // that a shared frame has here; otherwise 0
  std::size_t occupied;           // when it was queued
  bool ends_frame = true;
  bool urgent = false;  // contains a frame of outbox::add_next()
};

}  // namespace hawser::detail
