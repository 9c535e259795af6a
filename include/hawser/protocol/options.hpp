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

/// How a connection hands over what it receives.
enum class delivery : std::uint8_t {
  messages,  ///< Each message whole
  parts,     ///< Each message in the pieces in which it arrives: nothing is stored
};

/// What an open connection allows and how long it waits. Applies to one connection; nothing is
/// global. Zero in a limit or a time-out is none: docs/options.md.
struct connection_options {
  using duration = std::chrono::steady_clock::duration;

  /// The largest message in octets, after decoding; a larger one fails the connection with 1009.
  /// Not set: 1 MiB for a server, 16 MiB for a client. Zero: no limit.
  std::optional<std::uint64_t> max_message_size = {};

  /// The most frames a message may have, empty ones included. Zero: no limit.
  std::uint64_t max_frames = 131'072;

  delivery deliver = delivery::messages;

  /// The most bytes of payload in a frame that is sent. A longer message, or part of one, is sent in several
  /// frames: RFC 6455 §5.4. The answer to a ping then waits for one frame and not for all of the message;
  /// pings and Close frames keep their place behind the messages that were sent before. Each frame costs a
  /// header and one or two writes, so 64 KiB or more is a good size. Zero: a message is one frame. Less
  /// than 1 KiB counts as 1 KiB.
  std::size_t max_frame_size = 0;

  /// What an asynchronous driver does for the connection before other connections of the same
  /// thread have their turn: 1 MiB decoded or 256 events. It reads no more until what was read is
  /// dealt with. A blocking driver has a thread for each connection and no such limit.
  turn_limits turn = {};

  /// A ping is sent when nothing was received for this long. Zero: never.
  duration keep_alive_interval = std::chrono::seconds{20};

  /// After that ping, any octet must arrive in this time, or the connection ends. Zero: it may
  /// never arrive.
  duration keep_alive_timeout = std::chrono::seconds{20};

  /// A connection that has carried no message for this long is closed with 1001, however alive its peer
  /// is; one that only sends may live up to twice as long. Not while nobody reads: what has come until
  /// then is heard first, and an asynchronous driver that was held up counts anew. Zero: never.
  duration idle_timeout = duration::zero();

  /// A message that has begun to arrive must make progress in this time, or the connection fails with
  /// errc::message_timeout and close code 1008. Only bytes of its payload are progress; pongs and empty
  /// frames are none. Time in which the connection is not read does not count. Zero: never.
  duration message_timeout = std::chrono::seconds{60};

  /// The closing handshake, the end of the stream included, may take this long; so may a client that was
  /// refused for reading why. Zero: without end.
  duration close_timeout = std::chrono::seconds{5};

  /// Output that waits must make some progress in this time, or the connection ends. Zero: never.
  duration write_timeout = std::chrono::seconds{20};
};

/// The largest message that `self` takes with these options.
constexpr std::uint64_t max_message_size(const connection_options& options, role self) noexcept {
  return limit_of(
      options.max_message_size.value_or(self == role::server ? 1024 * 1024 : 16 * 1024 * 1024));
}

}  // namespace hawser
