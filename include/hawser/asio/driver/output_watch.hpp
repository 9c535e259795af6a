// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "hawser/asio/stream_traits.hpp"

namespace hawser::detail {

/// Counts the output that a stream accepts, and detects progress below a stream that accepts none:
/// Linux reports a socket as writable only when a third of its buffer is free, and a slow peer may
/// take minutes to read that much.
template <class Stream>
class output_watch {
 public:
  /// The stream has accepted `size` bytes.
  void took(std::size_t size) noexcept {
    taken_ += size;
    unacknowledged_ = 0;
  }

  /// The total number of bytes that the stream has accepted.
  std::uint64_t taken() const noexcept { return taken_; }

  /// Whether the peer has acknowledged bytes since the last call, if the stream has accepted none
  /// since. False if the stream does not report that.
  bool has_moved(Stream& stream) noexcept {
    if constexpr (requires { stream_traits<Stream>::unacknowledged(stream); }) {
      const auto now = stream_traits<Stream>::unacknowledged(stream);
      return now < std::exchange(unacknowledged_, now);
    } else {
      return false;
    }
  }

 private:
  std::uint64_t taken_ = 0;
  std::size_t unacknowledged_ = 0;  // at the last check; 0 before the first one
};

}  // namespace hawser::detail
