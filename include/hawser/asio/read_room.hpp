// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"

namespace hawser::detail {

/// Where the pending read of a connection puts what comes: a few octets inside the connection while it
/// is quiet, a larger buffer while it is busy, so that a burst takes one read.
class read_room {
 public:
  read_room() = default;
  ~read_room() { buffer_pool::give(std::move(large_)); }
  read_room(const read_room&) = delete;
  read_room& operator=(const read_room&) = delete;

  /// The room for the next read.
  mutable_bytes octets() {
    if (busy_ == 0) return small_;
    if (large_.capacity() == 0) large_ = buffer_pool::take();
    return large_.prepare(large_size);
  }

  /// Learns from what a read brought, once that has been dealt with.
  void learn(std::size_t size) noexcept {
    if (size >= small_.size()) {
      busy_ = patience;
    } else if (busy_ != 0 && --busy_ == 0) {
      buffer_pool::give(std::move(large_));
    }
  }

 private:
  static constexpr std::size_t large_size = 8 * 1024;
  static constexpr std::uint8_t patience = 8;

  std::array<std::byte, 256> small_;
  byte_buffer large_;
  std::uint8_t busy_ = 0;
};

}  // namespace hawser::detail
