// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <system_error>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser::detail {

/// The bytes of a stream that its connection has not taken yet: the rest of the last read, then what
/// was read ahead, then the end of the stream.
class unread_input {
 public:
  /// How many bytes are read ahead at most.
  static constexpr std::size_t capacity = 16 * 1024;

  /// The rest of the last read, in the buffer of the reader.
  mutable_bytes& front() noexcept { return front_; }

  /// What was read ahead, after the rest of the last read. The buffer of the reader is then not used.
  mutable_bytes ahead() {
    ahead_.erase(ahead_.begin(), ahead_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
    ahead_.insert(ahead_.begin(), front_.begin(), front_.end());
    front_ = {};
    return ahead_;
  }

  /// Keeps `some` bytes after those that were read ahead.
  void keep(bytes_view some) { ahead_.insert(ahead_.end(), some.begin(), some.end()); }

  /// Drops the first `count` bytes of ahead().
  void drop(std::size_t count) {
    taken_ += count;
    if (taken_ == ahead_.size()) clear();
  }

  /// Moves what was read ahead into `buffer`. Returns the number of bytes.
  std::size_t take(mutable_bytes buffer) {
    const auto size = (std::min)(buffer.size(), ahead_.size() - taken_);
    std::copy_n(ahead_.begin() + static_cast<std::ptrdiff_t>(taken_), size, buffer.begin());
    drop(size);
    return size;
  }

  /// The end of the stream, and its error, behind the bytes.
  std::optional<std::error_code>& end() noexcept { return end_; }

  bool has_bytes() const noexcept { return size() != 0; }

  /// Whether no more is to be read ahead.
  bool is_full() const noexcept { return end_ || size() >= capacity; }

  /// The reader has a buffer of that size besides its small one.
  void reads_into(std::size_t size) noexcept { reader_buffer_ = size; }

  std::size_t occupied() const noexcept { return ahead_.capacity() + reader_buffer_; }

 private:
  std::size_t size() const noexcept { return front_.size() + ahead_.size() - taken_; }

  void clear() noexcept {
    ahead_ = {};
    taken_ = 0;
  }

  mutable_bytes front_;
  std::vector<std::byte> ahead_;
  std::size_t taken_ = 0;
  std::size_t reader_buffer_ = 0;
  std::optional<std::error_code> end_;
};

}  // namespace hawser::detail
