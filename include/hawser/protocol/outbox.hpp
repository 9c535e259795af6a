// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"
#include "hawser/frame/writer.hpp"
#include "hawser/protocol/frame_cutting.hpp"
#include "hawser/protocol/output_chunk.hpp"
#include "hawser/protocol/owned_payload.hpp"

namespace hawser::detail {

/// The frames that a connection has to write, in order. Small frames share a buffer, so they leave in
/// one write. The memory of front() stays valid until it is consumed, whatever is queued meanwhile.
class outbox {
 public:
  /// Queues a copy of a frame. Queues nothing if it throws std::bad_alloc.
  void add(const frame_header& header, bytes_view payload) {
    auto& tail = open_tail();
    const auto before = tail.size();
    append_frame(tail, header, payload);
    count_appended(before);
  }

  /// Queues a frame and masks its payload in place; a long payload is not copied.
  void add(const frame_header& header, owned_payload payload) {
    const auto size = payload.view().size();
    if (size < worth_owning) return add(header, payload.view());
    reserve_chunks(2);
    auto& tail = open_tail();
    const auto before = tail.size();
    append_header(tail, header, size);
    count_appended(before);
    close_tail();
    chunks_.back().ends_frame = false;
    if (header.masked) apply_mask(payload.bytes(), header.mask);
    add_whole(payload.view(), payload.owner(), true);
  }

  /// Queues a copy of a message, or of a fragment of one, cut into frames with at most `most` bytes of
  /// payload: see for_each_frame(). Queues nothing if it throws std::bad_alloc.
  template <class Masks>
  void add_in_frames(const frame_header& header, bytes_view payload, std::size_t most,
                     Masks&& next_mask) {
    const auto count = frames_of(payload.size(), most);
    cut_frames frames{count, payload.size()};
    begin_whole(count);
    for_each_frame(header, payload, most, next_mask,
                   [&](const frame_header& each, bytes_view piece) {
                     add_whole(frames.frame(each, piece), frames.owner(), true);
                   });
  }

  /// The same without a copy: the payload is masked in place.
  template <class Masks>
  void add_in_frames(const frame_header& header, owned_payload payload, std::size_t most,
                     Masks&& next_mask) {
    add_pieces(header, payload.bytes(), payload.owner(), most, 0, next_mask);
  }

  /// A complete frame that many outboxes share.
  using shared_frame = std::shared_ptr<const byte_buffer>;

  /// Queues an encoded frame; a long one is not copied.
  void add(const shared_frame& frame) {
    if (frame->size() < worth_owning) {
      auto& tail = open_tail();
      const auto before = tail.size();
      tail.append(frame->view());
      return count_appended(before);
    }
    reserve_chunks(2);
    close_tail();
    add_whole(frame->view(), frame, true, 1);
  }

  /// Queues a shared frame in frames with at most `most` bytes of payload.
  void add_in_frames(const shared_frame& frame, std::size_t most) {
    frame_header header;
    const auto size = decode(frame->view(), header).size;
    const auto payload = frame->view().subspan(size);
    const auto pieces = frames_of(payload.size(), most);
    add_pieces(header, payload, frame, most, pieces, [] { return mask_key{}; });
  }

  /// Queues a control frame before all frames of which front() has not returned a byte: RFC 6455
  /// §5.4. It waits for at most one frame, or for small ones that leave in the same write, and for
  /// frames that were queued by add_next() earlier.
  void add_next(const frame_header& header, bytes_view payload) {
    auto at = head_ + (lent_ ? 1 : 0);
    bool between = lent_ ? chunks_[head_].ends_frame : !within_frame_;
    for (; !between && at < chunks_.size(); ++at) between = chunks_[at].ends_frame;
    at = behind_urgent(at);
    if (at == chunks_.size()) {
      urgent_tail_ = true;
      return add(header, payload);
    }
    reserve_chunks(1);
    byte_buffer frame;
    append_frame(frame, header, payload);
    size_ += frame.size();
    const auto place = chunks_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto added = chunks_.insert(place, chunk{std::move(frame)});
    added->urgent = true;
    in_chunks_ += added->occupied;
    ++urgent_;
  }

  /// The bytes to write next. Valid and unchanged until consume() has removed all of them.
  bytes_view front() noexcept {
    if (empty()) return {};
    if (chunks_.size() == head_) close_tail();
    lent_ = true;
    return chunks_[head_].bytes.subspan(sent_);
  }

  /// Removes the first `count` bytes of front(), which are written.
  void consume(std::size_t count) noexcept {
    if (empty()) return;
    sent_ += count;
    size_ -= count;
    if (size_ == 0 || sent_ == chunks_[head_].bytes.size()) drop_front();
  }

  /// Drops everything. The bytes of a pending write stay valid.
  void clear() noexcept {
    const auto under_way = static_cast<std::ptrdiff_t>(head_ + (lent_ ? 1 : 0));
    chunks_.erase(chunks_.begin() + under_way, chunks_.end());
    tail_.reset();
    urgent_tail_ = false;
    urgent_ = 0;
    size_ = 0;
    in_chunks_ = lent_ ? chunks_[head_].occupied : 0;
  }

  bool empty() const noexcept { return size_ == 0; }

  /// The number of bytes that wait.
  std::size_t size() const noexcept { return size_; }

  /// The number of bytes of memory that it occupies, unused capacity included. A frame that many outboxes
  /// share counts in each for an equal part; of the first 64 chunks, by how many still share it.
  std::size_t occupied() const noexcept {
    auto all = in_chunks_ + tail_.capacity() + chunks_.capacity() * sizeof(chunk);
    const auto end = (std::min)(chunks_.size(), head_ + 64);
    for (auto at = head_; at < end; ++at) all += chunks_[at].its_part() - chunks_[at].occupied;
    return all;
  }

  /// Whether a write may be pending: front() was called for bytes that still wait.
  bool lent() const noexcept { return lent_; }

 private:
  using chunk = output_chunk;

  static constexpr std::size_t worth_owning = 4 * 1024;
  static constexpr std::size_t full_buffer = 64 * 1024;
  static constexpr std::size_t kept_chunks = 16;

  /// `Bytes` must be writable if they are to be masked.
  template <class Bytes, class Masks>
  void add_pieces(const frame_header& header, Bytes payload,
                  const std::shared_ptr<const void>& owner, std::size_t most,
                  std::size_t shared_pieces, Masks&& next_mask) {
    const auto count = frames_of(payload.size(), most);
    cut_frames headers{count};
    begin_whole(2 * count);
    for_each_frame(header, payload, most, next_mask, [&](const frame_header& each, Bytes piece) {
      add_whole(headers.header(each, piece.size()), headers.owner(), false);
      if constexpr (std::is_same_v<Bytes, mutable_bytes>) {
        if (each.masked) apply_mask(piece, each.mask);
      }
      add_whole(piece, owner, true, shared_pieces);
    });
  }

  /// Must precede `count` calls of add_whole(): their chunks follow everything that is queued.
  void begin_whole(std::size_t count) {
    reserve_chunks(count + 1);
    close_tail();
  }

  /// begin_whole() has reserved memory for the chunk.
  void add_whole(bytes_view bytes, std::shared_ptr<const void> owner, bool ends_frame,
                 std::size_t shared_pieces = 0) noexcept {
    in_chunks_ += chunks_.emplace_back(bytes, std::move(owner), ends_frame, shared_pieces).occupied;
    size_ += bytes.size();
  }

  /// Reserves memory for `count` more chunks, so that a frame is queued completely or not at all.
  void reserve_chunks(std::size_t count) {
    if (chunks_.capacity() - chunks_.size() < count) chunks_.reserve(2 * chunks_.size() + count);
  }

  /// The buffer to which small frames are appended. While it is open, memory for its chunk is
  /// reserved, so front() does not allocate.
  byte_buffer& open_tail() {
    if (tail_.capacity() == 0) {
      reserve_chunks(1);
      tail_ = buffer_pool::take();
    }
    return tail_;
  }

  void close_tail() {
    if (tail_.empty()) return;
    in_chunks_ += chunks_.emplace_back(std::exchange(tail_, byte_buffer{})).occupied;
    chunks_.back().urgent = std::exchange(urgent_tail_, false);
    if (chunks_.back().urgent) ++urgent_;
  }

  void count_appended(std::size_t before) {
    size_ += tail_.size() - before;
    if (tail_.size() >= full_buffer) close_tail();
  }

  /// The first position from `at` on that is between frames and behind all urgent chunks.
  std::size_t behind_urgent(std::size_t at) const noexcept {
    if (urgent_tail_) return chunks_.size();
    if (urgent_ == 0) return at;
    auto last = chunks_.size();
    while (last > at && !chunks_[last - 1].urgent) --last;
    while (last > at && last < chunks_.size() && !chunks_[last - 1].ends_frame) ++last;
    return last;
  }

  void drop_front() noexcept {
    in_chunks_ -= chunks_[head_].occupied;
    within_frame_ = !chunks_[head_].ends_frame;
    if (chunks_[head_].urgent) --urgent_;
    buffer_pool::give(std::move(chunks_[head_].buffer));
    chunks_[head_].owner.reset();
    ++head_;
    sent_ = 0;
    lent_ = false;
    if (head_ == chunks_.size() && chunks_.capacity() > kept_chunks) {
      chunks_ = std::vector<chunk>{};
      head_ = 0;
    } else if (2 * head_ >= chunks_.size()) {
      // Half of the chunks are consumed, so moving the rest costs no more than consuming them did.
      chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }

  std::vector<chunk> chunks_;  // closed: their bytes do not change
  byte_buffer tail_;           // the frames after chunks_
  std::size_t head_ = 0;
  std::size_t sent_ = 0;
  std::size_t size_ = 0;
  std::size_t in_chunks_ = 0;  // what they occupy
  bool lent_ = false;
  std::size_t urgent_ = 0;  // the number of urgent chunks
  bool urgent_tail_ = false;
  bool within_frame_ = false;  // the chunk before the front did not end its frame
};

}  // namespace hawser::detail
