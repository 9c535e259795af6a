// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/frame/writer.hpp"

namespace hawser {

/// The frames a connection has to write, in order. Small ones share a buffer, so that they leave in
/// one write; what front() returned stays put until it is consumed, whatever is added meanwhile.
class outbox {
 public:
  /// A payload handed over to the outbox.
  class owned_payload {
   public:
    explicit owned_payload(std::string text) : owned_payload{own(std::move(text))} {}
    explicit owned_payload(std::vector<std::byte> octets) : owned_payload{own(std::move(octets))} {}

    bytes_view view() const noexcept { return octets_; }

   private:
    friend outbox;

    template <class Owned>
    explicit owned_payload(const std::shared_ptr<Owned>& owned)
        : octets_{std::as_writable_bytes(std::span{*owned})}, owner_{owned} {}

    template <class Owned>
    static std::shared_ptr<Owned> own(Owned&& given) {
      return std::make_shared<Owned>(std::forward<Owned>(given));
    }

    mutable_bytes octets_;
    std::shared_ptr<void> owner_;
  };

  /// Queues a copy of a frame. If memory is out, nothing is queued.
  void add(const frame_header& header, bytes_view payload) {
    auto& tail = open_tail();
    const auto before = tail.size();
    append_frame(tail, header, payload);
    count_appended(before);
  }

  /// Queues a frame whose payload is masked in place and, if it is worth it, not copied.
  void add(const frame_header& header, owned_payload payload) {
    const auto size = payload.view().size();
    if (size < worth_owning) return add(header, payload.view());
    make_room(2);
    auto& tail = open_tail();
    const auto before = tail.size();
    append_header(tail, header, size);
    count_appended(before);
    close_tail();
    chunks_.back().ends_frame = false;
    if (header.masked) apply_mask(payload.octets_, header.mask);
    add_whole(payload.view(), std::move(payload.owner_), true);
  }

  /// Queues a copy of a message, or of a fragment of one, in frames of at most `most` bytes of payload:
  /// RFC 6455 §5.4. `header` is that of the whole; `next_mask` makes a mask key for each frame. If memory
  /// is out, nothing is queued.
  template <class Masks>
  void add_in_frames(const frame_header& header, bytes_view payload, std::size_t most,
                     Masks&& next_mask) {
    const auto count = frames_of(payload.size(), most);
    const auto frames = std::make_shared<byte_buffer>();
    frames->prepare(payload.size() + count * max_header_size);
    begin_whole(count);
    for_each_frame(header, payload, most, next_mask,
                   [&](const frame_header& each, bytes_view piece) {
                     const auto before = frames->size();
                     append_frame(*frames, each, piece);
                     add_whole(bytes_view{frames->view()}.subspan(before), frames, true);
                   });
  }

  /// The same without a copy: the payload is masked in place.
  template <class Masks>
  void add_in_frames(const frame_header& header, owned_payload payload, std::size_t most,
                     Masks&& next_mask) {
    add_pieces(header, payload.octets_, payload.owner_, most, next_mask);
  }

  /// A whole frame that many outboxes share.
  using shared_frame = std::shared_ptr<const byte_buffer>;

  /// Queues a frame that is encoded already and, if it is worth it, not copied.
  void add(const shared_frame& frame) {
    if (frame->size() < worth_owning) {
      auto& tail = open_tail();
      const auto before = tail.size();
      tail.append(frame->view());
      return count_appended(before);
    }
    make_room(2);
    close_tail();
    add_whole(frame->view(), frame, true);
  }

  /// Queues a shared frame in frames of at most `most` bytes of payload.
  void add_in_frames(const shared_frame& frame, std::size_t most) {
    frame_header header;
    const auto size = decode(frame->view(), header).size;
    add_pieces(header, frame->view().subspan(size), frame, most, [] { return mask_key{}; });
  }

  /// Queues a control frame that passes the frames of which no byte is handed out yet: RFC 6455 §5.4. It
  /// waits for one frame at most, or for small ones that leave in one write, and for earlier frames that
  /// were queued so.
  void add_next(const frame_header& header, bytes_view payload) {
    auto at = head_ + (lent_ ? 1 : 0);
    bool between = lent_ ? chunks_[head_].ends_frame : !within_frame_;
    for (; !between && at < chunks_.size(); ++at) between = chunks_[at].ends_frame;
    at = behind_urgent(at);
    if (at == chunks_.size()) {
      urgent_tail_ = true;
      return add(header, payload);
    }
    make_room(1);
    byte_buffer frame;
    append_frame(frame, header, payload);
    size_ += frame.size();
    const auto place = chunks_.begin() + static_cast<std::ptrdiff_t>(at);
    chunks_.insert(place, chunk{std::move(frame)})->urgent = true;
    ++urgent_;
  }

  /// What to write next. Stays valid and unchanged until consume() has dropped all of it.
  bytes_view front() noexcept {
    if (empty()) return {};
    if (chunks_.size() == head_) close_tail();
    lent_ = true;
    return chunks_[head_].octets.subspan(sent_);
  }

  /// Drops the first `count` octets of front(): they are written.
  void consume(std::size_t count) noexcept {
    if (empty()) return;
    sent_ += count;
    size_ -= count;
    if (size_ == 0 || sent_ == chunks_[head_].octets.size()) drop_front();
  }

  /// Drops everything for good. A write may still be under way: its octets stay.
  void clear() noexcept {
    const auto under_way = static_cast<std::ptrdiff_t>(head_ + (lent_ ? 1 : 0));
    chunks_.erase(chunks_.begin() + under_way, chunks_.end());
    tail_.reset();
    urgent_tail_ = false;
    urgent_ = 0;
    size_ = 0;
  }

  bool empty() const noexcept { return size_ == 0; }

  /// How many octets wait.
  std::size_t size() const noexcept { return size_; }

  /// Whether a write may be under way: front() was called for octets that still wait.
  bool lent() const noexcept { return lent_; }

 private:
  /// Octets that stay as they are: a buffer of small frames, or what somebody else may own too.
  struct chunk {
    explicit chunk(byte_buffer frames) : buffer{std::move(frames)}, octets{buffer.view()} {}
    chunk(bytes_view owned, std::shared_ptr<const void> by, bool ends)
        : octets{owned}, owner{std::move(by)}, ends_frame{ends} {}

    byte_buffer buffer;
    bytes_view octets;
    std::shared_ptr<const void> owner;
    bool ends_frame = true;
    bool urgent = false;  // has a frame of add_next()
  };

  static constexpr std::size_t worth_owning = 4 * 1024;
  static constexpr std::size_t full_buffer = 64 * 1024;
  static constexpr std::size_t kept_chunks = 16;

  static constexpr std::size_t frames_of(std::size_t size, std::size_t most) noexcept {
    return size / most + (size % most != 0 ? 1 : 0);
  }

  /// Calls `act(header, piece)` for each frame of a message.
  template <class Bytes, class Masks, class Act>
  static void for_each_frame(frame_header header, Bytes payload, std::size_t most,
                             Masks&& next_mask, Act act) {
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

  /// `Bytes` are writable if they are to be masked.
  template <class Bytes, class Masks>
  void add_pieces(const frame_header& header, Bytes payload,
                  const std::shared_ptr<const void>& owner, std::size_t most, Masks&& next_mask) {
    const auto count = frames_of(payload.size(), most);
    const auto headers = std::make_shared<byte_buffer>();
    headers->prepare(count * max_header_size);
    begin_whole(2 * count);
    for_each_frame(header, payload, most, next_mask, [&](const frame_header& each, Bytes piece) {
      const auto before = headers->size();
      append_header(*headers, each, piece.size());
      add_whole(bytes_view{headers->view()}.subspan(before), headers, false);
      if constexpr (std::is_same_v<Bytes, mutable_bytes>) {
        if (each.masked) apply_mask(piece, each.mask);
      }
      add_whole(piece, owner, true);
    });
  }

  /// Before add_whole() is called `count` times: what it adds follows all that is queued.
  void begin_whole(std::size_t count) {
    make_room(count + 1);
    close_tail();
  }

  /// There is a place among the chunks.
  void add_whole(bytes_view octets, std::shared_ptr<const void> owner, bool ends_frame) noexcept {
    chunks_.emplace_back(octets, std::move(owner), ends_frame);
    size_ += octets.size();
  }

  /// For `count` chunks more, so that a frame is queued whole or not at all.
  void make_room(std::size_t count) {
    if (chunks_.capacity() - chunks_.size() < count) chunks_.reserve(2 * chunks_.size() + count);
  }

  /// The buffer that small frames are appended to. While it is open there is room for it among the
  /// chunks: front() need not allocate.
  byte_buffer& open_tail() {
    if (tail_.capacity() == 0) {
      make_room(1);
      tail_ = buffer_pool::take();
    }
    return tail_;
  }

  void close_tail() {
    if (tail_.empty()) return;
    chunks_.emplace_back(std::exchange(tail_, byte_buffer{}));
    chunks_.back().urgent = std::exchange(urgent_tail_, false);
    if (chunks_.back().urgent) ++urgent_;
  }

  void count_appended(std::size_t before) {
    size_ += tail_.size() - before;
    if (tail_.size() >= full_buffer) close_tail();
  }

  /// The first place from `at` on, between frames, that is behind all urgent chunks.
  std::size_t behind_urgent(std::size_t at) const noexcept {
    if (urgent_tail_) return chunks_.size();
    if (urgent_ == 0) return at;
    auto last = chunks_.size();
    while (last > at && !chunks_[last - 1].urgent) --last;
    while (last > at && last < chunks_.size() && !chunks_[last - 1].ends_frame) ++last;
    return last;
  }

  void drop_front() noexcept {
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
      // Half of the chunks are gone: moving the rest costs no more than they did.
      chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }

  std::vector<chunk> chunks_;  // closed: they stay as they are
  byte_buffer tail_;           // what follows them
  std::size_t head_ = 0;
  std::size_t sent_ = 0;
  std::size_t size_ = 0;
  bool lent_ = false;
  std::size_t urgent_ = 0;  // chunks
  bool urgent_tail_ = false;
  bool within_frame_ = false;  // the chunk before the front did not end its frame
};

}  // namespace hawser
