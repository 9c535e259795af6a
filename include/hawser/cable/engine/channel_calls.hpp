// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/cable/channel.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/engine/subscription.hpp"
#include "hawser/cable/json.hpp"

// The calls of a channel at the beginning and at the end of its subscription, and by commands.

namespace hawser::cable::detail {

inline void add_hooks(std::vector<step>& steps, const std::shared_ptr<subscription>& of,
                      const std::vector<channel_hook>& hooks) {
  for (const auto& hook : hooks) steps.emplace_back([of, &hook] { return hook(*of->instance); });
}

/// Makes the channel.
inline void attach_channel(const std::shared_ptr<subscription>& of) {
  of->instance = of->type().make();
  of->instance->attach(*of);
}

/// Makes the channel, and calls what follows a `subscribe`.
inline handler_result begin_channel(const std::shared_ptr<subscription>& of) {
  const auto& type = of->type();
  attach_channel(of);
  std::vector<step> steps;
  add_hooks(steps, of, type.before_subscribe);
  if (type.subscribed) {
    steps.emplace_back([of, &type]() -> handler_result {
      return of->is_rejected ? std::nullopt : type.subscribed(*of->instance);
    });
  }
  add_hooks(steps, of, type.after_subscribe);
  return run_steps(std::move(steps));
}

/// Calls what follows the end.
inline handler_result finish_channel(const std::shared_ptr<subscription>& of) {
  const auto& type = of->type();
  of->has_ended = true;
  of->stop_all_streams();
  std::vector<step> steps;
  add_hooks(steps, of, type.before_unsubscribe);
  if (type.unsubscribed)
    steps.emplace_back([of, &type] { return type.unsubscribed(*of->instance); });
  add_hooks(steps, of, type.after_unsubscribe);
  return run_steps(std::move(steps));
}

/// The name and the function of what the data of a command asks for; null if there is none.
inline std::pair<std::string_view, const channel_action*> find_action(const channel_type& type,
                                                                      const json& data) {
  const auto found = data.find("action");
  const bool is_missing = found == data.end() || found->is_null();
  const auto* const name = is_missing ? nullptr : found->get_ptr<const std::string*>();
  if (is_missing || (name != nullptr && name->empty())) {
    return {"receive", type.receive ? &type.receive : nullptr};
  }
  if (name == nullptr) return {{}, nullptr};
  const auto action = type.actions.find(*name);
  return {*name, action == type.actions.end() ? nullptr : &action->second};
}

}  // namespace hawser::cable::detail
