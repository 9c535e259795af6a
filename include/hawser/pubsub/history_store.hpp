// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hawser/pubsub/publication.hpp"

namespace hawser {

/// What is kept of one topic.
struct history_options {
  std::size_t max_messages = 100;  ///< The newest ones. Zero: no limit

  /// How long a message is kept. The offset of the topic, without messages, is kept at least ten times as long after the
  /// last message. Zero: no limit.
  std::chrono::seconds ttl{300};
};

/// The place of a message in its topic. Offsets begin at 1 and grow by 1. An epoch is a sequence without gaps: no
/// two of them have one name.
struct history_position {
  std::string epoch;
  std::uint64_t offset = 0;

  bool operator==(const history_position&) const = default;
};

enum class history_status : std::uint8_t {
  found,           ///< Nothing is missing between the request and the messages
  unknown_stream,  ///< Nothing is known of the topic, or no longer
  other_epoch,     ///< The position is of another epoch
  too_old,         ///< A message after the position is no longer kept
  too_new,         ///< The position has not been reached
  gap,             ///< Messages may have been lost after that time
};

/// What is asked of one topic: the messages after a position or, without one, those of that second and of later ones.
struct history_query {
  std::optional<history_position> after = {};
  std::int64_t since = 0;  ///< In seconds since 1970
};

/// A message that is kept.
struct found_message {
  std::uint64_t offset = 0;
  std::string text;
};

/// The answer to a history_query.
struct found_history {
  history_status status = history_status::found;
  std::string epoch = {};                    ///< Of the messages
  std::vector<found_message> messages = {};  ///< Oldest first. None without history_status::found
};

/// A topic whose messages are kept, and the topic of what the store publishes about them.
struct kept_topic {
  std::string name;
  std::string notes;
};

/// Keeps the messages of topics for several processes that share a broker, so that a position means the same in each of
/// them. redis_history is one.
///
/// The subscribers of the broker learn positions by texts on kept_topic::notes, which nothing else publishes: `epoch
/// offset`, with one space, directly before the message that has this position; and the mark of each find(), behind
/// all that it finds and before all that it does not find. An epoch contains no space and does not begin with `-` or `!`.
///
/// All functions may be called on any thread, and none waits for a peer. A handler is called once, on any thread, perhaps
/// within the call. It may throw std::bad_alloc only, and need not be called after the store or its broker has ended.
class history_store {
 public:
  using kept_handler = std::function<void(std::error_code)>;
  using found_handler = std::function<void(std::error_code, found_history)>;

  history_store() = default;
  history_store(const history_store&) = delete;
  history_store& operator=(const history_store&) = delete;
  virtual ~history_store() = default;

  /// Publishes as the broker does, and keeps the message if keep() was called for the topic in any process. `note`, which
  /// begins with `!`, is published to the topic `notes` before the message, with no other message of the topic between
  /// them; empty: none.
  virtual std::error_code publish(publication published, std::string_view notes,
                                  std::string_view note) = 0;

  /// The messages of the topic are kept from when `done` is called without an error, or later after an error. A process
  /// that has subscribers calls it again at least once in an hour, and after each gap of the broker.
  virtual void keep(const kept_topic& topic, const history_options& options, kept_handler done) = 0;

  /// Finds messages, and publishes `mark`, which begins with `-`. Without a connection it fails at once.
  virtual void find(const kept_topic& topic, const history_query& asked, std::string_view mark,
                    found_handler done) = 0;
};

}  // namespace hawser
