// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace hawser {

/// What a connection requires its driver to do. If all are false: close the stream.
struct interest {
  bool read = false;        ///< Read, and pass the bytes to next(); at the end of the stream, call
                            ///< receive_end()
  bool write = false;       ///< Write output()
  bool end_stream = false;  ///< End the sending side of the stream, and call output_ended()

  friend constexpr bool operator==(const interest&, const interest&) = default;
};

}  // namespace hawser
