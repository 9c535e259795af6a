// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <system_error>
#include <utility>

#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/client/table_entry.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/presence_event.hpp"

namespace hawser::cable::detail {

/// What the subscriptions of a table are to be informed of, each of them once for a change.
class table_notices {
 public:
  /// In this order. The caller takes them.
  std::deque<notice> notices;

 protected:
  enum class missed : std::uint8_t { nothing, anything };

  notice& inform(const std::shared_ptr<subscriber>& one, notice::kind what) {
    return notices.emplace_back(notice{.to = one, .what = what});
  }

  void inform_connected(const table_entry& place, missed what) {
    for (const auto& one : place.members) {
      if (std::exchange(one->is_joined, true)) continue;
      one->expects_reconnect.reset();
      const bool again = std::exchange(one->was_connected, true);
      inform(one, notice::kind::connected).connected = {.reconnected = again,
                                                        .gap = again && what == missed::anything};
    }
  }

  void inform_disconnected(const table_entry& place, const disconnected_info& how) {
    for (const auto& one : place.members) {
      one->is_joined = false;
      if (std::exchange(one->expects_reconnect, how.will_reconnect) == how.will_reconnect) continue;
      inform(one, notice::kind::disconnected).disconnected = how;
    }
  }

  /// `was_missed`: subscriptions that were not connected before do not get the message.
  void inform_received(const table_entry& place, json message, bool was_missed) {
    const auto shared = std::make_shared<const json>(std::move(message));
    for (const auto& one : place.members) {
      if (was_missed && !one->was_connected) continue;
      inform(one, notice::kind::received).message = shared;
    }
  }

  void inform_presence(const table_entry& place, presence_event event) {
    const auto shared = std::make_shared<const presence_event>(std::move(event));
    for (const auto& one : place.members) inform(one, notice::kind::presence).presence = shared;
  }

  void end(const std::shared_ptr<subscriber>& one, std::error_code why) {
    one->ended = true;
    inform(one, notice::kind::ended).cause = why;
  }
};

}  // namespace hawser::cable::detail
