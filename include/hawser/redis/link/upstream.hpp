// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "hawser/pubsub/broker.hpp"

namespace hawser::detail {

/// A subscription that waits until Redis has confirmed its topic or pattern.
struct waiting_subscription {
  std::shared_ptr<subscriber> to;
  acknowledgement live;
};

/// The subscription of one topic or pattern at Redis, for all subscribers of this process.
struct upstream {
  std::list<waiting_subscription> waiting;
  bool is_asked = false;       // the last command was to subscribe
  bool is_live = false;        // by the last reply
  std::size_t unanswered = 0;  // commands without a reply
  bool is_changed = false;     // in a list of what must be looked at

  /// Whether all publications from now on come.
  bool is_settled() const noexcept { return is_asked && is_live && unanswered == 0; }

  /// Whether Redis has no subscription, and none is on its way.
  bool is_unknown() const noexcept { return !is_asked && !is_live && unanswered == 0; }

  /// A new connection has no subscriptions.
  void reset() noexcept {
    is_asked = is_live = false;
    unanswered = 0;
  }
};

}  // namespace hawser::detail
