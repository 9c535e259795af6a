// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <string_view>
#include <system_error>
#include <type_traits>

#include "hawser/base/error_category.hpp"
#include "hawser/base/never_destroyed.hpp"

namespace hawser::cable {

/// The errors of Action Cable. None of them is a close code on the wire.
enum class errc {
  // A command of the client
  not_json = 1,            ///< The text is not a JSON object within the limits
  binary_message,          ///< The message is binary
  unknown_command,         ///< The command is missing or unknown
  bad_identifier,          ///< The identifier is missing, empty or not a string
  identifier_too_long,     ///< The identifier is longer than the limit
  identifier_not_json,     ///< The identifier is not a JSON object
  unknown_channel,         ///< The identifier does not name a registered channel
  already_subscribed,      ///< The connection has a subscription with this identifier
  too_many_subscriptions,  ///< The connection has as many subscriptions as its limit
  unknown_subscription,    ///< The connection has no subscription with this identifier
  bad_data,                ///< The data of the command is missing or malformed
  unknown_action,          ///< The channel has no action of that name
  too_many_commands,       ///< More commands wait than the limit

  // A subscription
  rejected,      ///< The channel or the server rejected the subscription
  unsubscribed,  ///< The subscription has ended
  unconfirmed,   ///< The server did not answer the subscription

  // A consumer
  not_connected,  ///< The subscription is not connected and the call is not queued
  queue_full,     ///< The queue of the subscription has as many calls as its limit
  not_supported,  ///< The connection does not speak the extended protocol
  bad_protocol,   ///< The server chose no protocol of Action Cable
  disconnected,   ///< The server ended the connection for good
  stale,          ///< The server sent nothing for too long
};

/// A description in one line, in plain words and without a full stop.
constexpr std::string_view describe(errc error) noexcept {
  switch (error) {
    case errc::not_json: return "the text is not a JSON object within the limits";
    case errc::binary_message: return "the message is binary";
    case errc::unknown_command: return "the command is missing or unknown";
    case errc::bad_identifier: return "the identifier is missing, empty or not a string";
    case errc::identifier_too_long: return "the identifier is too long";
    case errc::identifier_not_json: return "the identifier is not a JSON object";
    case errc::unknown_channel: return "the identifier names no registered channel";
    case errc::already_subscribed: return "the connection has this subscription already";
    case errc::too_many_subscriptions: return "the connection has too many subscriptions";
    case errc::unknown_subscription: return "the connection has no such subscription";
    case errc::bad_data: return "the data of the command is missing or malformed";
    case errc::unknown_action: return "the channel has no such action";
    case errc::too_many_commands: return "too many commands wait";
    case errc::rejected: return "the subscription was rejected";
    case errc::unsubscribed: return "the subscription has ended";
    case errc::unconfirmed: return "the server did not answer the subscription";
    case errc::not_connected: return "the subscription is not connected";
    case errc::queue_full: return "too many calls of the subscription wait";
    case errc::not_supported: return "the connection does not speak the extended protocol";
    case errc::bad_protocol: return "the server chose no protocol of Action Cable";
    case errc::disconnected: return "the server ended the connection for good";
    case errc::stale: return "the server sent nothing for too long";
  }
  return {};
}

/// The category of `cable::errc`. Categories are compared by address, so the program has one object, shared
/// libraries included.
[[gnu::visibility("default")]] inline const std::error_category& error_category() noexcept {
  static const never_destroyed<hawser::detail::enum_category<errc>> category{"hawser.cable"};
  return category.get();
}

/// Makes `std::error_code ec = cable::errc::rejected` work.
inline std::error_code make_error_code(errc error) noexcept {
  return {static_cast<int>(error), error_category()};
}

}  // namespace hawser::cable

template <>
struct std::is_error_code_enum<hawser::cable::errc> : std::true_type {};
