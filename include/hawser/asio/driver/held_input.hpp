// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <system_error>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser::detail {

/// Input of a connection that is not processed yet, and the end of the stream after it. The bytes do not
/// move until all of them are taken, however small the pieces are. Without input it allocates nothing.
class held_input {
 public:
  bool empty() const noexcept { return held_ == nullptr; }

  void add(bytes_view input) {
    if (input.empty()) return;
    if (!held_) held_ = std::make_unique<bytes_held>();
    held_->bytes.insert(held_->bytes.end(), input.begin(), input.end());
  }

  /// The stream has ended, with `why` or eof.
  void add_end(std::error_code why) noexcept {
    end_ = why;
    has_end_ = true;
  }

  /// Whether add_end() was called, and end() was not.
  bool has_end() const noexcept { return has_end_; }

  /// Returns the error passed to add_end(), once.
  std::error_code end() noexcept {
    has_end_ = false;
    return end_;
  }

  /// The number of bytes of memory that they occupy.
  std::size_t occupied() const noexcept { return held_ ? held_->bytes.capacity() : 0; }

  /// The bytes that are not taken yet.
  mutable_bytes rest() noexcept {
    return held_ ? mutable_bytes{held_->bytes}.subspan(held_->taken) : mutable_bytes{};
  }

  /// All but the last `left` bytes are taken.
  void keep(std::size_t left) noexcept {
    if (left == 0) return held_.reset();
    held_->taken = held_->bytes.size() - left;
  }

 private:
  struct bytes_held {
    std::vector<std::byte> bytes;
    std::size_t taken = 0;
  };

  std::unique_ptr<bytes_held> held_;
  std::error_code end_;
  bool has_end_ = false;
};

}  // namespace hawser::detail
