// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <vector>

#include "hawser/pubsub/broker.hpp"

namespace hawser::detail {

/// A subscription that waits until Redis has confirmed its topic or pattern.
struct waiting_subscription {
  std::shared_ptr<subscriber> to;
  acknowledgement live;
};

/// Subscriptions that are live now, and what must happen for them without the lock, also if there is no memory for the
/// rest: an object before that of the lock.
struct promoted_subscriptions {
  promoted_subscriptions() = default;
  ~promoted_subscriptions() {
    for (const auto& live : calls) live({});
  }
  promoted_subscriptions(const promoted_subscriptions&) = delete;
  promoted_subscriptions& operator=(const promoted_subscriptions&) = delete;

  std::vector<acknowledgement> calls;
  std::list<waiting_subscription> past;
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
