// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstring>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"

namespace hawser {

/// Appends a frame's header to `out`, with room behind it for `payload_room` octets. Either all of it
/// is appended or, when memory is out, nothing.
inline void append_header(byte_buffer& out, const frame_header& header,
                          std::size_t payload_room = 0) {
  out.commit(encode(header, out.prepare(max_header_size + payload_room)));
}

/// Appends one frame to `out`, all or nothing. The header's length is taken from the payload, which
/// is masked if the header has a mask.
inline void append_frame(byte_buffer& out, frame_header header, bytes_view payload) {
  header.length = payload.size();
  append_header(out, header, payload.size());
  const auto room = out.prepare(payload.size());
  if (header.mask) {
    copy_masked(payload, room.data(), *header.mask);
  } else if (!payload.empty()) {
    std::memcpy(room.data(), payload.data(), payload.size());
  }
  out.commit(payload.size());
}

}  // namespace hawser
