// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>

#include "hawser/asio/session.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser {

struct hub_options {
  /// The limit of topics and patterns of one session. Zero: no limit.
  std::size_t max_topics_per_session = 1'000;

  /// The limit of the length of a topic or a pattern, in bytes. Zero: no limit.
  std::size_t max_topic_length = 255;

  /// How many bytes of publications may wait for one event loop, or for one session of a server on an executor of
  /// yours. Publications beyond that are dropped and counted. Zero: no limit.
  std::size_t max_queued_bytes = 64 * 1024 * 1024;

  /// A session did not get a publication, because its send_budget is exceeded (errc::send_budget_exceeded, also if
  /// the policy of the budget is to drop the message or to close the session), or could never hold it
  /// (errc::message_exceeds_budget), or because there is no memory (errc::out_of_memory; the session is then
  /// ended). Called on the session's thread, one call at a time of all sessions. It may call the session and
  /// the hub, and must not throw. For example, it closes the session: `peer.close(close_code::policy_violation)`.
  handler_function<void(session& peer, const publication& missed, std::error_code why)> on_dropped =
      {};
};

/// The counters of a hub.
struct hub_statistics {
  std::size_t sessions = 0;       ///< That have subscribed anything, and have not ended
  std::size_t topics = 0;         ///< Topics and patterns that are subscribed
  std::size_t subscriptions = 0;  ///< Of all sessions
  std::uint64_t published = 0;    ///< Publications that publish() has accepted
  std::uint64_t delivered = 0;    ///< Messages that sessions have queued for their peers
  std::uint64_t dropped = 0;  ///< Messages that sessions did not queue, or loops: max_queued_bytes
};

}  // namespace hawser
