// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hawser/protocol/prepared_message.hpp"

namespace hawser {

/// A message that is published to a topic.
struct publication {
  std::string topic;  ///< Without wildcards, see is_topic()

  /// The message, whose frame all subscribers share. A subscriber that needs the payload itself reads
  /// `message.view()`.
  prepared_message message;

  /// The session::id() of the sessions that do not get it. They have no meaning in other processes, so a broker
  /// of several processes delivers them only in the one that published.
  std::vector<std::uint64_t> except = {};
};

}  // namespace hawser
