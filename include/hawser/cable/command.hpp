// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/cable/errc.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable {

/// What a client asks for. `actioncable-v1-json` has the first three, `actioncable-v1-ext-json` all.
enum class command_type : std::uint8_t {
  subscribe,
  unsubscribe,
  message,
  history,
  whisper,
  join,
  leave,
  presence,
  ping,
  pong,
};

/// A command of a client.
struct command {
  command_type type = command_type::subscribe;
  std::string identifier;  ///< Of the subscription, byte for byte; empty for ping and pong
  json
      data;  ///< Of `message`: the object in its string. Of `whisper`: any value. Of `presence`: an object
  json history;   ///< An object; null if `subscribe` or `history` has none
  json presence;  ///< An object; null if `subscribe` or `join` has none
};

/// A text that is a command, or what is wrong with it.
struct parsed_command {
  std::optional<command> parsed;
  std::error_code error;   ///< None if there is a command
  std::string identifier;  ///< Also of a text with an error, if it has one; empty otherwise
};

/// An identifier that names a channel, or what is wrong with it.
struct parsed_identifier {
  std::string channel;    ///< Its member `channel`
  json params;            ///< All of its members
  std::error_code error;  ///< errc::identifier_not_json or errc::unknown_channel; none otherwise
};

namespace detail {

inline constexpr std::array<std::pair<std::string_view, command_type>, 10> command_names{{
    {"subscribe", command_type::subscribe},
    {"unsubscribe", command_type::unsubscribe},
    {"message", command_type::message},
    {"history", command_type::history},
    {"whisper", command_type::whisper},
    {"join", command_type::join},
    {"leave", command_type::leave},
    {"presence", command_type::presence},
    {"ping", command_type::ping},
    {"pong", command_type::pong},
}};

/// The string of that member; null if there is none.
inline const std::string* string_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : found->get_ptr<const std::string*>();
}

inline std::optional<command_type> command_type_of(const json& object) {
  const auto* const name = string_member(object, "command");
  if (name == nullptr) return std::nullopt;
  for (const auto& [known, type] : command_names) {
    if (known == *name) return type;
  }
  return std::nullopt;
}

/// Moves that member to `to`. Returns false if it is neither an object nor missing nor null.
inline bool take_object(json& object, const char* name, json& to) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return true;
  to = std::move(*found);
  return to.is_object();
}

/// Moves the data of the command to it. Returns false if the data is missing or malformed.
inline bool take_data(json& object, command& to, const json_limits& limits) {
  switch (to.type) {
    case command_type::subscribe:
      return take_object(object, "history", to.history) &&
             take_object(object, "presence", to.presence);
    case command_type::message: {
      const auto* const text = string_member(object, "data");
      auto value = text == nullptr ? std::nullopt : parse_json(*text, limits);
      if (!value || !value->is_object()) return false;
      to.data = std::move(*value);
      return true;
    }
    case command_type::whisper: {
      const auto found = object.find("data");
      if (found == object.end()) return false;
      to.data = std::move(*found);
      return true;
    }
    case command_type::history: return take_object(object, "history", to.history);
    case command_type::join: return take_object(object, "presence", to.presence);
    case command_type::presence: return take_object(object, "data", to.data);
    default: return true;
  }
}

/// `{"command":"…","identifier":"…"`, to which members are added.
inline std::string command_start(std::string_view name, std::string_view identifier) {
  std::string text = R"({"command":")";
  return text.append(name).append(R"(","identifier":)").append(to_text(identifier));
}

}  // namespace detail

/// Parses a command: cable.md's table of bad input is `parsed_command::error`. Other members are ignored.
/// Whether the identifier is the text of a JSON object is not checked. Throws only std::bad_alloc.
[[nodiscard]] inline parsed_command parse_command(std::string_view text,
                                                  const json_limits& limits = {}) {
  auto object = parse_json(text, limits);
  if (!object || !object->is_object()) return {{}, errc::not_json, {}};
  parsed_command result;
  if (const auto* const name = detail::string_member(*object, "identifier")) {
    result.identifier = *name;
  }
  const auto type = detail::command_type_of(*object);
  if (!type) {
    result.error = errc::unknown_command;
    return result;
  }
  command parsed{.type = *type, .identifier = {}, .data = {}, .history = {}, .presence = {}};
  if (*type != command_type::ping && *type != command_type::pong) {
    parsed.identifier = result.identifier;
    if (result.identifier.empty()) result.error = errc::bad_identifier;
  }
  if (!result.error && !detail::take_data(*object, parsed, limits)) result.error = errc::bad_data;
  if (!result.error) result.parsed = std::move(parsed);
  return result;
}

/// Parses the identifier of a subscription. Throws only std::bad_alloc.
[[nodiscard]] inline parsed_identifier parse_identifier(std::string_view identifier,
                                                        const json_limits& limits = {}) {
  auto params = parse_json(identifier, limits);
  if (!params || !params->is_object()) return {{}, {}, errc::identifier_not_json};
  const auto* const channel = detail::string_member(*params, "channel");
  if (channel == nullptr || channel->empty()) {
    return {{}, std::move(*params), errc::unknown_channel};
  }
  auto name = *channel;
  return {std::move(name), std::move(*params), {}};
}

/// The text of a command, from the client to the server.
[[nodiscard]] inline std::string subscribe_command(std::string_view identifier) {
  return detail::command_start("subscribe", identifier) + '}';
}

/// The same with a request for missed messages: `{"since":…,"streams":{…}}`.
[[nodiscard]] inline std::string subscribe_command(std::string_view identifier,
                                                   const json& history) {
  return detail::command_start("subscribe", identifier) + R"(,"history":)" + to_text(history) + '}';
}

[[nodiscard]] inline std::string unsubscribe_command(std::string_view identifier) {
  return detail::command_start("unsubscribe", identifier) + '}';
}

/// `data` is an object, with the action as its member `action`. It is sent as a string that contains JSON.
[[nodiscard]] inline std::string message_command(std::string_view identifier, const json& data) {
  return detail::command_start("message", identifier) + R"(,"data":)" + to_text(to_text(data)) +
         '}';
}

[[nodiscard]] inline std::string history_command(std::string_view identifier, const json& history) {
  return detail::command_start("history", identifier) + R"(,"history":)" + to_text(history) + '}';
}

/// `data` is any value. Unlike that of message_command(), it is sent as it is.
[[nodiscard]] inline std::string whisper_command(std::string_view identifier, const json& data) {
  return detail::command_start("whisper", identifier) + R"(,"data":)" + to_text(data) + '}';
}

/// `presence` is `{"id":…,"info":…}`.
[[nodiscard]] inline std::string join_command(std::string_view identifier, const json& presence) {
  return detail::command_start("join", identifier) + R"(,"presence":)" + to_text(presence) + '}';
}

[[nodiscard]] inline std::string leave_command(std::string_view identifier) {
  return detail::command_start("leave", identifier) + '}';
}

/// `data` may have `"return_records":false`.
[[nodiscard]] inline std::string presence_command(std::string_view identifier,
                                                  const json& data = json::object()) {
  return detail::command_start("presence", identifier) + R"(,"data":)" + to_text(data) + '}';
}

[[nodiscard]] inline std::string ping_command() { return R"({"command":"ping"})"; }
[[nodiscard]] inline std::string pong_command() { return R"({"command":"pong"})"; }

}  // namespace hawser::cable
