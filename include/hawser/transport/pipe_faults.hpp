// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <system_error>
#include <vector>

namespace hawser {

/// What one end of a memory_pipe has to suffer. By default, nothing. Positions count octets from
/// the start of the stream that this end reads.
struct pipe_faults {
  static constexpr std::size_t never = (std::numeric_limits<std::size_t>::max)();

  /// How many octets one read_some() gives at most.
  std::size_t max_read = never;
  /// How many octets one write_some() takes at most.
  std::size_t max_write = never;
  /// Positions that no read_some() goes across, in rising order.
  std::vector<std::size_t> cuts = {};
  /// How many octets may wait to be read by this end until the other end's write_some() would
  /// block.
  std::size_t capacity = never;
  /// How long what this end writes, its shutdown too, is on its way.
  std::chrono::steady_clock::duration delay{};
  /// The position from which on read_some() gives `read_error` or, when that is none, the end.
  std::size_t read_limit = never;
  std::error_code read_error = {};
  /// The call, counted as calls() does, that fails with `call_error`. An error is final, so all
  /// calls after it fail too, unless the error is operation_would_block.
  std::size_t failing_call = never;
  std::error_code call_error = std::make_error_code(std::errc::connection_reset);
};

}  // namespace hawser
