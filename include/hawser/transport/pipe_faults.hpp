// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <system_error>
#include <vector>

namespace hawser {

/// The faults of one end of a memory_pipe; by default none. Positions count bytes from the start of
/// the stream that this end reads.
struct pipe_faults {
  static constexpr std::size_t never = (std::numeric_limits<std::size_t>::max)();

  /// The largest number of bytes that one read_some() returns.
  std::size_t max_read = never;
  /// The largest number of bytes that one write_some() accepts.
  std::size_t max_write = never;
  /// Positions that no read_some() crosses, in ascending order.
  std::vector<std::size_t> cuts = {};
  /// How many bytes may wait for this end before the other end's write_some() would block.
  std::size_t capacity = never;
  /// The delay of what this end writes, including its shutdown.
  std::chrono::steady_clock::duration delay{};
  /// The position from which read_some() fails with `read_error`, or returns the end if that is not set.
  std::size_t read_limit = never;
  std::error_code read_error = {};
  /// The number of the call, as counted by calls(), that fails with `call_error`. An error is
  /// final, so all later calls fail too, unless the error is operation_would_block.
  std::size_t failing_call = never;
  std::error_code call_error = std::make_error_code(std::errc::connection_reset);
};

}  // namespace hawser
