// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable {
class channel;
}

namespace hawser::cable::detail {

using channel_hook = std::function<handler_result(channel&)>;
using channel_action = std::function<handler_result(channel&, const json&)>;

struct periodic_hook {
  std::chrono::steady_clock::duration period;
  channel_hook call;
};

/// What a server knows of a class of channels. Functions that the class does not have are empty.
struct channel_type {
  std::string name;            ///< In identifiers: `ChatChannel`
  std::string broadcast_name;  ///< `chat`
  std::function<std::shared_ptr<channel>()> make;
  channel_hook subscribed;
  channel_hook unsubscribed;
  channel_action receive;
  std::function<json(channel&)> save;  ///< With `restore`, or empty
  channel_action restore;
  std::unordered_map<std::string, channel_action> actions;
  std::vector<channel_hook> before_subscribe;
  std::vector<channel_hook> after_subscribe;
  std::vector<channel_hook> before_unsubscribe;
  std::vector<channel_hook> after_unsubscribe;
  std::vector<periodic_hook> timers;
};

}  // namespace hawser::cable::detail
