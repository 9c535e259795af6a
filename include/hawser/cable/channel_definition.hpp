// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "hawser/cable/channel.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/engine/member_names.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/names.hpp"

namespace hawser::cable {

/// What `static void define(channel_definition<Channel>& it)` fills: the functions of a class of channels that are
/// called by name or by time. Each is a member function or a callable that takes the channel as its first argument; it
/// returns void, or it is a coroutine (asio::awaitable<void>).
template <class Channel>
class channel_definition {
  static_assert(std::derived_from<Channel, channel>,
                "a channel is derived from hawser::cable::channel");
  static_assert(std::default_initializable<Channel>, "a channel has a public default constructor");

 public:
  /// `name` is what clients name in identifiers.
  explicit channel_definition(std::string name) {
    type_.broadcast_name = channel_name(name);
    type_.name = std::move(name);
    type_.make = [] { return std::make_shared<Channel>(); };
    find_members();
  }

  /// How a subscription continues when a client of the extended protocol comes back: `save`, a `json` function without
  /// arguments, is called when the connection is lost, before `unsubscribed`; `restore`, a void or
  /// asio::awaitable<void> function of const json&, for the new channel of the new connection, instead of `subscribed`.
  /// Streams without callbacks are made again before it. Without this, `subscribed` is called again.
  template <class Save, class Restore>
  channel_definition& restorable(Save save, Restore restore) {
    static_assert(std::is_invocable_r_v<json, Save&, Channel&>, "save() returns json");
    static_assert(detail::plain_or_coroutine<Restore, Channel&, const json&>,
                  "restore() is a void or asio::awaitable<void> function of const json&");
    type_.save = [save = std::move(save)](channel& of) mutable -> json {
      return std::invoke(save, static_cast<Channel&>(of));
    };
    type_.restore = detail::action_of<Channel>(std::move(restore));
    return *this;
  }

  /// Registers an action: `function()`, or `function(const json& data)`, which gets the whole message. Throws
  /// std::invalid_argument if there is one of that name, and for the names subscribed, unsubscribed, receive and "".
  template <class Function>
  channel_definition& on(std::string name, Function function) {
    constexpr bool takes_data = detail::plain_or_coroutine<Function, Channel&, const json&>;
    constexpr bool takes_nothing = detail::plain_or_coroutine<Function, Channel&>;
    static_assert(takes_data || takes_nothing,
                  "an action is a void or asio::awaitable<void> function of () or (const json&)");
    check_name(name);
    if constexpr (takes_data || takes_nothing) {
      type_.actions.emplace(std::move(name), detail::action_of<Channel>(std::move(function)));
    }
    return *this;
  }

  /// Calls the function again and again while there is a subscription, first one period after `subscribed`. A call
  /// that is still waiting or running when its time comes again is not repeated. Throws std::invalid_argument if the
  /// period is not positive.
  template <class Function>
  channel_definition& periodically(std::chrono::steady_clock::duration period, Function function) {
    if (period <= period.zero()) {
      throw std::invalid_argument{"hawser::cable: periodically() wants a positive period"};
    }
    type_.timers.push_back({period, hook_of(std::move(function))});
    return *this;
  }

  /// Called before `subscribed`, which is not called if the hook rejects.
  template <class Function>
  channel_definition& before_subscribe(Function function) {
    type_.before_subscribe.push_back(hook_of(std::move(function)));
    return *this;
  }

  /// Called after `subscribed`, also if that has rejected: is_rejected().
  template <class Function>
  channel_definition& after_subscribe(Function function) {
    type_.after_subscribe.push_back(hook_of(std::move(function)));
    return *this;
  }

  template <class Function>
  channel_definition& before_unsubscribe(Function function) {
    type_.before_unsubscribe.push_back(hook_of(std::move(function)));
    return *this;
  }

  template <class Function>
  channel_definition& after_unsubscribe(Function function) {
    type_.after_unsubscribe.push_back(hook_of(std::move(function)));
    return *this;
  }

  /// The name for channel::broadcasting(), instead of channel_name() of the class.
  channel_definition& broadcast_name(std::string name) {
    type_.broadcast_name = std::move(name);
    return *this;
  }

  /// For the server.
  detail::channel_type take() { return std::move(type_); }

 private:
  template <class Function>
  static detail::channel_hook hook_of(Function function) {
    static_assert(
        detail::plain_or_coroutine<Function, Channel&>,
        "a hook of a channel is a void or asio::awaitable<void> function without arguments");
    if constexpr (detail::plain_or_coroutine<Function, Channel&>) {
      return [function = std::move(function)](channel& of) mutable {
        return detail::call_handler(function, static_cast<Channel&>(of));
      };
    } else {
      return {};
    }
  }

  void check_name(std::string_view name) const {
    constexpr std::array<std::string_view, 4> reserved{"", "subscribed", "unsubscribed", "receive"};
    if (std::ranges::find(reserved, name) != reserved.end() ||
        type_.actions.contains(std::string{name})) {
      throw std::invalid_argument{"hawser::cable: this cannot be the name of an action: " +
                                  std::string{name}};
    }
  }

  void find_members() {
    if constexpr (detail::names_subscribed<Channel>) {
      static_assert(detail::has_subscribed<Channel>,
                    "subscribed() of a channel is public, takes nothing and returns void or "
                    "asio::awaitable<void>");
      if constexpr (detail::has_subscribed<Channel>) {
        type_.subscribed = hook_of([](Channel& of) { return of.subscribed(); });
      }
    }
    if constexpr (detail::names_unsubscribed<Channel>) {
      static_assert(detail::has_unsubscribed<Channel>,
                    "unsubscribed() of a channel is public, takes nothing and returns void or "
                    "asio::awaitable<void>");
      if constexpr (detail::has_unsubscribed<Channel>) {
        type_.unsubscribed = hook_of([](Channel& of) { return of.unsubscribed(); });
      }
    }
    if constexpr (detail::names_receive<Channel>) {
      static_assert(detail::has_receive<Channel>,
                    "receive() of a channel is public, takes const json& and returns void or "
                    "asio::awaitable<void>");
      if constexpr (detail::has_receive<Channel>) {
        type_.receive = detail::action_of<Channel>(
            [](Channel& of, const json& data) { return of.receive(data); });
      }
    }
  }

  detail::channel_type type_;
};

}  // namespace hawser::cable
