// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"

namespace hawser {

/// Appends a frame's header to `out`, with room behind it for `payload_room` octets. Either all of
/// it is appended or, when memory is out, nothing.
inline void append_header(std::vector<std::byte>& out, const frame_header& header,
                          std::size_t payload_room = 0) {
  std::array<std::byte, max_header_size> head;
  const auto size = encode(header, head);
  const auto wanted = out.size() + size + payload_room;
  if (wanted > out.capacity()) out.reserve((std::max)(wanted, 2 * out.capacity()));
  out.insert(out.end(), head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size));
}

/// Appends one frame to `out`, all or nothing. The header's length is taken from the payload, which
/// is masked if the header has a mask.
inline void append_frame(std::vector<std::byte>& out, frame_header header, bytes_view payload) {
  header.length = payload.size();
  append_header(out, header, payload.size());
  const auto start = out.size();
  out.insert(out.end(), payload.begin(), payload.end());
  if (header.mask) apply_mask(mutable_bytes{out}.subspan(start), *header.mask);
}

}  // namespace hawser
