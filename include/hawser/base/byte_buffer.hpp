// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// A sequence of bytes that grows at its end, like a vector, but does not initialise new bytes.
/// Movable, not copyable.
class byte_buffer {
 public:
  constexpr byte_buffer() = default;
  constexpr byte_buffer(byte_buffer&& other) noexcept { swap(other); }
  constexpr byte_buffer& operator=(byte_buffer&& other) noexcept {
    byte_buffer moved{std::move(other)};
    swap(moved);
    return *this;
  }
  constexpr ~byte_buffer() { free(); }

  /// Returns memory for `count` bytes after the end, to be written; commit() then appends the first
  /// of them. Invalidates views. Throws std::bad_alloc.
  mutable_bytes prepare(std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    return {bytes_ + size_, count};
  }

  /// Appends the first `count` bytes of what prepare() returned.
  void commit(std::size_t count) noexcept { size_ += count; }

  /// Appends a copy of `more`, which must not be part of this buffer. Throws std::bad_alloc.
  void append(bytes_view more) {
    if (more.empty()) return;
    std::memcpy(prepare(more.size()).data(), more.data(), more.size());
    commit(more.size());
  }

  /// The bytes, until the buffer is changed or destroyed.
  bytes_view view() const noexcept { return {bytes_, size_}; }
  mutable_bytes view() noexcept { return {bytes_, size_}; }

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }

  /// Removes all bytes and keeps the memory.
  void clear() noexcept { size_ = 0; }

  /// Removes all bytes and frees the memory.
  void reset() noexcept { *this = byte_buffer{}; }

 private:
  constexpr void swap(byte_buffer& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  constexpr void free() noexcept {
    if (bytes_ != nullptr) std::allocator<std::byte>{}.deallocate(bytes_, capacity_);
  }

  void grow(std::size_t count) {
    const auto wanted = (std::max)(size_ + count, 2 * capacity_);
    auto* const larger = std::allocator<std::byte>{}.allocate(wanted);
    if (size_ != 0) std::memcpy(larger, bytes_, size_);
    free();
    bytes_ = larger;
    capacity_ = wanted;
  }

  std::byte* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace hawser
