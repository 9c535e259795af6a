// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace hawser {

/// What a connection needs its driver to do. All false: the stream is to be closed.
struct interest {
  bool read = false;        ///< Read, and pass it to next(); or tell receive_end()
  bool write = false;       ///< Write output()
  bool end_stream = false;  ///< End the sending side of the stream, and tell output_ended()

  friend constexpr bool operator==(const interest&, const interest&) = default;
};

}  // namespace hawser
