// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <optional>

#include "hawser/cable/history_options.hpp"
#include "hawser/cable/presence.hpp"
#include "hawser/cable/session_cache.hpp"
#include "hawser/pubsub/history_store.hpp"
#include "hawser/pubsub/presence_store.hpp"
#include "hawser/pubsub/session_store.hpp"

namespace hawser::cable {

/// What clients of `actioncable-v1-ext-json` may do beyond `actioncable-v1-json`.
struct extended_options {
  /// Whether a client that offers the extended protocol gets it.
  bool enabled = false;

  /// Keeps the history of streams for all servers that have it and its broker, for example a redis_history: then a
  /// client may ask any of them. It must exist longer than the server. Null: each server keeps its own in memory.
  history_store* store = nullptr;

  /// Keeps sessions for all servers that have it, for example a redis_sessions: then a client that was lost continues its
  /// session on any of them, also if its server has died. Values of connection::identify() arrive there as texts. The
  /// functions of channel_definition::restorable that save are called with pings, too. It must exist longer than the
  /// server. Null: each server keeps its own in memory.
  hawser::session_store* session_store = nullptr;

  /// Keeps which ids are present for all servers that have it and its broker, for example a redis_presence: then an id joins
  /// with its first session in any of them and leaves with the last one, and a session keeps its id if it continues on
  /// another server. It must exist longer than the server. Null: each server counts its own sessions.
  hawser::presence_store* presence_store = nullptr;

  history_limits history = {};  ///< Of what is kept in memory
  session_cache_options sessions = {};
  presence_options presence = {};

  /// A client that has sent no command for so long after a ping is closed with `no_pong`. It must be less than the time
  /// between two pings. Zero: no limit; the keep-alive of the connection finds clients that have vanished, too.
  std::chrono::steady_clock::duration pong_timeout = {};

  /// The limits of the time between two pings that a client may choose by `pi=<seconds>` in its query.
  std::chrono::seconds min_ping_interval{1};
  std::chrono::seconds max_ping_interval{60};
};

/// What a stream of a channel offers to clients of the extended protocol. Others get its messages alone.
struct stream_options {
  /// Keeps the last messages, so that clients can ask for those that they have missed. They are kept from the first
  /// subscription on, and for as long as the messages are kept after the last one has ended.
  std::optional<history_options> history = {};

  /// The client may send messages to the other subscribers. They do not pass the channel, and are not kept.
  bool whisper = false;

  /// The client may join the stream with an id of its choice, and see which ids have joined.
  bool presence = false;
};

}  // namespace hawser::cable
