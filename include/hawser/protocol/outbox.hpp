// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"
#include "hawser/frame/writer.hpp"

namespace hawser {

/// The frames a connection has to write, in order. Small ones share a buffer, so that they leave in
/// one write; what front() returned stays put until it is consumed, whatever is added meanwhile.
class outbox {
 public:
  /// A payload handed over to the outbox.
  using owned_payload = std::variant<std::vector<std::byte>, std::string>;

  /// Its octets.
  static bytes_view view(const owned_payload& bytes) noexcept {
    return std::visit([](const auto& held) { return std::as_bytes(std::span{held}); }, bytes);
  }

  /// Queues a copy of a frame. If memory is out, nothing is queued.
  void add(const frame_header& header, bytes_view payload) {
    make_room();
    const auto before = tail_.size();
    append_frame(open_tail(), header, payload);
    count_appended(before);
  }

  /// Queues a frame whose payload is masked in place and, if it is worth it, not copied.
  void add(frame_header header, owned_payload payload) {
    header.length = view(payload).size();
    if (header.length < worth_owning) return add(header, view(payload));
    make_room();
    const auto before = tail_.size();
    append_header(open_tail(), header);
    count_appended(before);
    close_tail();
    if (header.mask) apply_mask(mutable_view(payload), *header.mask);
    std::visit([this](auto& held) { chunks_.emplace_back(std::move(held)); }, payload);
    size_ += static_cast<std::size_t>(header.length);
  }

  /// A whole frame that many outboxes share.
  using shared_frame = std::shared_ptr<const byte_buffer>;

  /// Queues a frame that is encoded already and, if it is worth it, not copied.
  void add(const shared_frame& frame) {
    make_room();
    if (frame->size() < worth_owning) {
      const auto before = tail_.size();
      open_tail().append(frame->view());
      return count_appended(before);
    }
    close_tail();
    chunks_.emplace_back(frame);
    size_ += frame->size();
  }

  /// What to write next. Stays valid and unchanged until consume() has dropped all of it.
  bytes_view front() noexcept {
    if (empty()) return {};
    if (chunks_.size() == head_) close_tail();
    lent_ = true;
    return chunks_[head_].view().subspan(sent_);
  }

  /// Drops the first `count` octets of front(): they are written.
  void consume(std::size_t count) noexcept {
    if (empty()) return;
    sent_ += count;
    size_ -= count;
    if (size_ == 0 || sent_ == chunks_[head_].view().size()) drop_front();
  }

  /// Drops everything for good. A write may still be under way: its octets stay.
  void clear() noexcept {
    const auto under_way = static_cast<std::ptrdiff_t>(head_ + (lent_ ? 1 : 0));
    chunks_.erase(chunks_.begin() + under_way, chunks_.end());
    tail_.reset();
    size_ = 0;
  }

  bool empty() const noexcept { return size_ == 0; }

  /// How many octets wait.
  std::size_t size() const noexcept { return size_; }

  /// Whether a write may be under way: front() was called for octets that still wait.
  bool lent() const noexcept { return lent_; }

 private:
  struct chunk {
    template <class Bytes>
    explicit chunk(Bytes given) : bytes{std::in_place_type<Bytes>, std::move(given)} {}

    std::variant<byte_buffer, std::vector<std::byte>, std::string, shared_frame> bytes;

    bytes_view view() const noexcept {
      if (const auto* frames = std::get_if<byte_buffer>(&bytes)) return frames->view();
      if (const auto* frame = std::get_if<shared_frame>(&bytes)) return (*frame)->view();
      if (const auto* text = std::get_if<std::string>(&bytes)) return as_bytes(*text);
      return std::get<std::vector<std::byte>>(bytes);
    }
  };

  static constexpr std::size_t worth_owning = 4 * 1024;
  static constexpr std::size_t full_buffer = 64 * 1024;
  static constexpr std::size_t kept_chunks = 16;

  static mutable_bytes mutable_view(owned_payload& bytes) noexcept {
    return std::visit([](auto& held) { return std::as_writable_bytes(std::span{held}); }, bytes);
  }

  /// For two chunks more, so that a frame in two of them is queued whole or not at all, and front()
  /// need not allocate.
  void make_room() {
    if (chunks_.capacity() - chunks_.size() < 2) chunks_.reserve(2 * chunks_.size() + 2);
  }

  /// The buffer that small frames are appended to.
  byte_buffer& open_tail() noexcept {
    if (tail_.capacity() == 0) tail_ = buffer_pool::take();
    return tail_;
  }

  void close_tail() {
    if (!tail_.empty()) chunks_.emplace_back(std::exchange(tail_, byte_buffer{}));
  }

  void count_appended(std::size_t before) {
    size_ += tail_.size() - before;
    if (tail_.size() >= full_buffer) close_tail();
  }

  void drop_front() noexcept {
    if (auto* buffer = std::get_if<byte_buffer>(&chunks_[head_].bytes)) {
      buffer_pool::give(std::move(*buffer));
    } else {
      chunks_[head_].bytes = byte_buffer{};
    }
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
};

}  // namespace hawser
