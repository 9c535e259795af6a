// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "hawser/cable/client/received_positions.hpp"
#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/client/wanted_presence.hpp"

namespace hawser::cable::detail {

/// How a server has accepted a connection.
struct welcome_info {
  bool is_extended = false;           ///< The connection speaks the extended protocol
  std::vector<std::string> restored;  ///< The identifiers that the server has subscribed already
};

/// What the server has of a subscription, on this connection.
enum class subscription_phase : std::uint8_t {
  none,        ///< Nothing
  pending,     ///< A subscribe is not answered
  recovering,  ///< The subscription; a request for missed messages is not answered
  confirmed,   ///< The subscription
};

/// A subscription of the server, for all subscriptions of the application with its identifier.
struct table_entry {
  std::vector<std::shared_ptr<subscriber>> members;  ///< Empty: the server's subscription is to end
  std::deque<std::string> queued;
  std::chrono::steady_clock::time_point due =
      (std::chrono::steady_clock::time_point::max)();  ///< When the last command is repeated
  unsigned sent = 0;                                   ///< Subscribes on this connection
  subscription_phase state = subscription_phase::none;

  wanted_presence presence;
  received_positions received;
  bool has_asked = false;         ///< The subscribe has a request for missed messages
  bool is_complete_then = false;  ///< If the request succeeds, nothing is missing

  bool was_connected() const {
    return std::ranges::any_of(members, [](const auto& one) { return one->was_connected; });
  }
};

}  // namespace hawser::cable::detail
