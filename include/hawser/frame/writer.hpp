// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstring>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"

namespace hawser {

/// Appends the header of a frame with `payload` bytes of payload; the header's own length is not
/// used. Appends nothing if it throws std::bad_alloc.
inline void append_header(byte_buffer& out, const frame_header& header, std::size_t payload) {
  out.commit(detail::encode(header, payload, out.prepare(max_header_size)));
}

/// Appends one frame with this payload, masked if the header says so; the header's own length is
/// not used. Appends nothing if it throws std::bad_alloc.
inline void append_frame(byte_buffer& out, const frame_header& header, bytes_view payload) {
  const auto frame = out.prepare(max_header_size + payload.size());
  const auto begin = detail::encode(header, payload.size(), frame);
  if (header.masked) {
    copy_masked(payload, frame.data() + begin, header.mask);
  } else if (!payload.empty()) {
    std::memcpy(frame.data() + begin, payload.data(), payload.size());
  }
  out.commit(begin + payload.size());
}

}  // namespace hawser
