// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <system_error>

#include "hawser/base/bytes.hpp"
#include "hawser/transport/concepts.hpp"

namespace hawser::detail {

/// Discards input until the peer ends its side, the stream fails, or `until` has passed (only a
/// timed_stream has that limit): closing a stream with unread input may discard the bytes that were
/// just written.
template <blocking_stream Stream>
void discard_input(Stream& stream, std::chrono::steady_clock::time_point until) {
  std::array<std::byte, 512> buffer;
  std::error_code ec;
  while (true) {
    if constexpr (timed_stream<Stream>) {
      if (!stream.wait_readable(until, ec)) return;
    }
    const auto size = stream.read_some(buffer, ec);
    if (timed_stream<Stream> && ec == std::errc::operation_would_block) continue;
    if (ec || size == 0) return;
  }
}

/// Ends this side, and discards the peer's remaining input.
template <blocking_stream Stream>
void lingering_close(Stream& stream, std::chrono::steady_clock::time_point until) {
  std::error_code ec;
  stream.shutdown(ec);
  // After would_block, the stream writes its pending bytes while it is read.
  if (!ec || ec == std::errc::operation_would_block) discard_input(stream, until);
}

}  // namespace hawser::detail
