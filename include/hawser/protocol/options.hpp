// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/limit.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/turn_budget.hpp"

namespace hawser {

/// How a connection reports what it receives.
enum class delivery : std::uint8_t {
  messages,  ///< As complete messages
  parts,     ///< In the pieces in which a message arrives; nothing is stored
};

/// The limits and timeouts of one open connection. A limit or a timeout of zero means none:
/// docs/options.md.
struct connection_options {
  using duration = std::chrono::steady_clock::duration;

  /// The largest message in bytes, after decoding; a larger one fails the connection with 1009. Not
  /// set: 1 MiB for a server, 16 MiB for a client. Zero: no limit.
  std::optional<std::uint64_t> max_message_size = {};

  /// The largest number of frames per message, including empty ones. Zero: no limit.
  std::uint64_t max_frames = 131'072;

  /// The same limits for a message that is delivered in parts, of which nothing is stored: by `on_part`,
  /// `read_part()` or `delivery::parts`. Not set, the default: as above. Zero: no limit, for uploads of any
  /// size. If the rest of such a message is read as a whole, the limits above hold for all of it.
  std::optional<std::uint64_t> max_message_size_in_parts = {};
  std::optional<std::uint64_t> max_frames_in_parts = {};

  delivery deliver = delivery::messages;

  /// The largest payload of a sent frame in bytes. A longer message, or part of one, is sent in
  /// several frames: RFC 6455 §5.4. The answer to a ping then waits for one frame instead of the
  /// whole message; pings and Close frames still follow the messages that were queued before them.
  /// Each frame costs a header and one or two writes, so use 64 KiB or more. Zero: one frame per
  /// message. Values below 1 KiB count as 1 KiB.
  std::size_t max_frame_size = 0;

  /// What an asynchronous driver processes for this connection before other connections of the same
  /// thread: 1 MiB decoded or 256 events. It reads no more until the input is processed. A blocking
  /// driver has a thread per connection and ignores this.
  turn_limits turn = {};

  /// A ping is sent after nothing was received for this long. Zero: never. This timer and that of
  /// keep_alive_timeout restart while output has been queued, without a pause, for an eighth of the
  /// shorter of the two: a ping would wait behind it. Output that is written sooner has no influence.
  duration keep_alive_interval = std::chrono::seconds{20};

  /// After that ping, any byte must arrive within this time, or the connection ends. If the driver was
  /// delayed or does not read, it first looks for input that has arrived. Zero: no limit.
  duration keep_alive_timeout = std::chrono::seconds{20};

  /// After no message for this long, the connection is closed with 1001, even if the peer answers
  /// pings. A connection that only sends may live up to twice as long. While
  /// reading is paused, unread input prevents that, and after a delay the driver first reads the input
  /// that has arrived. Zero: never.
  duration idle_timeout = duration::zero();

  /// The longest time without progress inside a message that has begun to arrive; after it, the connection
  /// fails with errc::message_timeout and close code 1008. Only bytes of payload are progress, not pongs or
  /// empty frames. While reading is paused, unread input prevents that. Zero: no limit.
  duration message_timeout = std::chrono::seconds{60};

  /// The longest duration of the closing handshake, including the end of the stream, and of the wait for a
  /// refused client to read the response. That is the same for every refusal of a server; of clients over
  /// a limit of connections or memory, at most 64 for each listener are waited for, and a further one
  /// replaces the oldest. Zero: no limit.
  duration close_timeout = std::chrono::seconds{5};

  /// The longest time in which waiting output makes no progress; after it, the connection ends.
  /// Zero: no limit.
  duration write_timeout = std::chrono::seconds{20};
};

/// The size limit of a message that `own_role` receives with these options.
constexpr std::uint64_t max_message_size(const connection_options& options,
                                         role own_role) noexcept {
  return limit_of(
      options.max_message_size.value_or(own_role == role::server ? 1024 * 1024 : 16 * 1024 * 1024));
}

}  // namespace hawser
