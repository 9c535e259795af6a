// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/frame/writer.hpp"

namespace hawser::detail {

// How a message, or a fragment of one, is cut into frames with at most `most` bytes of payload: RFC 6455
// §5.4. `header` is the header of the whole; `next_mask` returns a mask key for each frame.

/// The number of frames of a payload that is not empty.
constexpr std::size_t frames_of(std::size_t size, std::size_t most) noexcept {
  return size / most + (size % most != 0 ? 1 : 0);
}

/// Calls `act(header, piece)` for each frame.
template <class Bytes, class Masks, class Act>
void for_each_frame(frame_header header, Bytes payload, std::size_t most, Masks&& next_mask,
                    Act act) {
  const bool fin = header.fin;
  while (!payload.empty()) {
    const auto piece = payload.first((std::min)(most, payload.size()));
    payload = payload.subspan(piece.size());
    header.fin = fin && payload.empty();
    if (header.masked) header.mask = next_mask();
    act(header, piece);
    header.op = opcode::continuation;
    header.reserved = 0;
  }
}

/// What the frames of one message own: their headers, and for copied frames their payloads. One block
/// of memory, which does not move.
class cut_frames {
 public:
  /// Reserves memory for all headers, and for `payload` bytes.
  explicit cut_frames(std::size_t frames, std::size_t payload = 0)
      : block_{std::make_shared<byte_buffer>()} {
    block_->prepare(payload + frames * max_header_size);
  }

  const std::shared_ptr<byte_buffer>& owner() const noexcept { return block_; }

  /// Appends a whole frame and returns it.
  bytes_view frame(const frame_header& header, bytes_view piece) {
    const auto before = block_->size();
    append_frame(*block_, header, piece);
    return bytes_view{block_->view()}.subspan(before);
  }

  /// Appends the header of a frame and returns it.
  bytes_view header(const frame_header& header, std::size_t payload) {
    const auto before = block_->size();
    append_header(*block_, header, payload);
    return bytes_view{block_->view()}.subspan(before);
  }

 private:
  std::shared_ptr<byte_buffer> block_;
};

}  // namespace hawser::detail
