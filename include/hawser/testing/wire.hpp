// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <vector>

#include "hawser/base/bytes.hpp"

namespace hawser::testing {

/// The far end of a stream, through which a `peer` talks to the code under test. Derive from it to use a
/// peer with a stream of your own. All functions are called on one thread.
class wire {
 public:
  static constexpr std::size_t no_limit = (std::numeric_limits<std::size_t>::max)();

  wire() = default;
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;
  virtual ~wire() = default;

  /// Lets the code under test run until it waits.
  virtual void run() = 0;

  /// Calls `hook` after the code under test has run, before run() returns. The hook returns whether it has
  /// written something, so that the code runs again.
  virtual void on_idle(std::function<bool()> hook) = 0;

  /// Sends bytes to the code under test, all of them, after those that were written before.
  virtual void write(bytes_view some) = 0;

  /// Appends the bytes that have arrived to `read`, at most `most`. The rest stays in the stream.
  virtual void take(std::vector<std::byte>& read, std::size_t most) = 0;

  /// Whether the code under test has ended its side. Bytes before the end may still be in the stream.
  virtual bool has_ended() const = 0;

  /// Ends this side, after all bytes that were written.
  virtual void end() = 0;

  /// Ends both sides at once. Bytes that were written and not read are lost.
  virtual void reset() = 0;

  /// How many bytes may be in the stream to this end; then the writes of the code under test wait.
  virtual void set_capacity(std::size_t bytes) = 0;

  /// The most bytes that one read of the code under test gets.
  virtual void set_piece_size(std::size_t bytes) = 0;
};

}  // namespace hawser::testing
