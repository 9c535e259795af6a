// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/thread_kept.hpp"

namespace hawser::detail {

/// The buffer for a connection's pending read: a few bytes inside the connection while it is quiet,
/// a larger buffer while it is busy, so that a burst takes one read.
class read_buffer {
 public:
  read_buffer() = default;
  ~read_buffer() { buffer_pool::give(std::move(large_)); }
  read_buffer(const read_buffer&) = delete;
  read_buffer& operator=(const read_buffer&) = delete;

  /// The buffer for the next read.
  mutable_bytes data() {
    if (busy_ == 0) return small_;
    if (large_.capacity() == 0) large_ = buffer_pool::take();
    return large_.prepare(large_size);
  }

  /// Adapts the size to the number of bytes of a read, after these are processed.
  void learn(std::size_t size) noexcept {
    if (size >= small_.size()) {
      busy_ = reads_before_small;
    } else if (busy_ != 0 && --busy_ == 0) {
      buffer_pool::give(std::move(large_));
    }
  }

 private:
  static constexpr std::size_t large_size = 8 * 1024;
  static constexpr std::uint8_t reads_before_small = 8;

  std::array<std::byte, 256> small_;
  byte_buffer large_;
  std::uint8_t busy_ = 0;
};

/// The buffer that the connections of one thread share: a message that is complete in it is not
/// copied, and an idle connection has no buffer of its own. Uses a buffer of 4 KiB instead if an
/// outer handler on this thread is using the shared one, or if the thread has destroyed it.
class shared_buffer {
 public:
  shared_buffer() {
    if (auto* const shared = of_thread::get()) std::swap(data_, shared->free);
  }
  ~shared_buffer() {
    if (data_.empty()) return;
    if (auto* const shared = of_thread::get()) shared->free = data_;
  }
  shared_buffer(const shared_buffer&) = delete;
  shared_buffer& operator=(const shared_buffer&) = delete;

  mutable_bytes data() noexcept { return data_.empty() ? mutable_bytes{own_} : data_; }

 private:
  static constexpr std::size_t size = 256 * 1024;

  struct buffer {
    std::unique_ptr<std::byte[]> memory{new std::byte[size]};
    mutable_bytes free{memory.get(), size};  // empty while a shared_buffer uses it
  };
  using of_thread = thread_kept<buffer>;

  mutable_bytes data_;
  std::array<std::byte, 4096> own_;
};

}  // namespace hawser::detail
