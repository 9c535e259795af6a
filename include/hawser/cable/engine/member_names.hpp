// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <type_traits>
#include <utility>

#include "hawser/cable/channel.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable::detail {

struct named_members {
  int subscribed;
  int unsubscribed;
  int receive;
};

/// Each name is ambiguous if `Channel` has a member of it, also a private or an overloaded one.
template <class Channel>
struct with_names : Channel, named_members {};

/// A final class cannot be a base. Of that, only public members are found.
template <class Channel>
requires std::is_final_v<Channel>
struct with_names<Channel> {
};

template <class Channel>
concept names_subscribed = (std::is_final_v<Channel> && requires { &Channel::subscribed; }) ||
                           (!std::is_final_v<Channel> &&
                            !requires { &with_names<Channel>::subscribed; });
template <class Channel>
concept names_unsubscribed = (std::is_final_v<Channel> && requires { &Channel::unsubscribed; }) ||
                             (!std::is_final_v<Channel> &&
                              !requires { &with_names<Channel>::unsubscribed; });
template <class Channel>
concept names_receive = (std::is_final_v<Channel> && requires { &Channel::receive; }) ||
                        (!std::is_final_v<Channel> && !requires { &with_names<Channel>::receive; });

template <class Channel>
concept has_subscribed = requires(Channel& of) {
  of.subscribed();
}
&&plain_or_coroutine<decltype([](Channel& of) { return of.subscribed(); }), Channel&>;
template <class Channel>
concept has_unsubscribed = requires(Channel& of) {
  of.unsubscribed();
}
&&plain_or_coroutine<decltype([](Channel& of) { return of.unsubscribed(); }), Channel&>;
template <class Channel>
concept has_receive = requires(Channel& of, const json& data) {
  of.receive(data);
}
&&plain_or_coroutine<decltype([](Channel& of, const json& data) { return of.receive(data); }),
                     Channel&, const json&>;

/// The action that calls `function(channel)` or `function(channel, data)`.
template <class Channel, class Function>
channel_action action_of(Function function) {
  return [function = std::move(function)](channel& of, const json& data) mutable {
    auto& one = static_cast<Channel&>(of);
    if constexpr (plain_or_coroutine<Function, Channel&, const json&>) {
      return call_handler(function, one, data);
    } else {
      return call_handler(function, one);
    }
  };
}

}  // namespace hawser::cable::detail
