// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/cable/command.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable {

/// Where a message is in the history of its stream: `actioncable-v1-ext-json`.
struct stream_position {
  std::string stream_id;
  std::string epoch;         ///< Changes when the history of the server begins again
  std::uint64_t offset = 0;  ///< One more for each message of the stream

  friend bool operator==(const stream_position&, const stream_position&) = default;
};

/// What a server sends. `actioncable-v1-json` has the first six.
enum class server_message_type : std::uint8_t {
  data,  ///< Also a message of an unknown type
  welcome,
  ping,
  confirm_subscription,
  reject_subscription,
  disconnect,
  confirm_history,
  reject_history,
  pong,
  presence,
};

/// A message of a server.
struct server_message {
  server_message_type type = server_message_type::data;
  std::string identifier;             ///< Of the subscription; empty if the type has none
  json message;                       ///< Of data and presence; the time of a ping; null if absent
  std::optional<std::string> reason;  ///< Of disconnect
  bool reconnect = true;              ///< Of disconnect: false only if the server says so
  std::optional<std::string> sid;     ///< Of welcome: the name of the session, to restore it
  bool restored = false;              ///< Of welcome
  std::vector<std::string> restored_ids;    ///< Of welcome: the subscriptions that exist again
  std::optional<stream_position> position;  ///< Of data, if its stream is kept in history
};

namespace detail {

inline constexpr std::array<std::pair<std::string_view, server_message_type>, 9> message_names{{
    {"welcome", server_message_type::welcome},
    {"ping", server_message_type::ping},
    {"confirm_subscription", server_message_type::confirm_subscription},
    {"reject_subscription", server_message_type::reject_subscription},
    {"disconnect", server_message_type::disconnect},
    {"confirm_history", server_message_type::confirm_history},
    {"reject_history", server_message_type::reject_history},
    {"pong", server_message_type::pong},
    {"presence", server_message_type::presence},
}};

inline server_message_type message_type_of(const json& object) {
  if (const auto* const name = string_member(object, "type")) {
    for (const auto& [known, type] : message_names) {
      if (known == *name) return type;
    }
  }
  return server_message_type::data;
}

constexpr bool has_identifier(server_message_type type) noexcept {
  using enum server_message_type;
  return type != welcome && type != ping && type != disconnect && type != pong;
}

inline std::optional<std::string> optional_string(const json& object, const char* name) {
  const auto* const text = string_member(object, name);
  return text == nullptr ? std::nullopt : std::optional{*text};
}

inline bool has_boolean(const json& object, const char* name, bool value) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>() == value;
}

inline std::optional<stream_position> position_of(const json& object) {
  const auto* const stream = string_member(object, "stream_id");
  const auto* const epoch = string_member(object, "epoch");
  const auto offset = object.find("offset");
  if (stream == nullptr || epoch == nullptr || offset == object.end() ||
      !offset->is_number_unsigned()) {
    return std::nullopt;
  }
  return stream_position{*stream, *epoch, offset->get<std::uint64_t>()};
}

inline std::vector<std::string> strings_of(const json& object, const char* name) {
  std::vector<std::string> strings;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return strings;
  for (const auto& one : *found) {
    if (one.is_string()) strings.push_back(one.get<std::string>());
  }
  return strings;
}

inline std::string answer(std::string_view identifier, std::string_view type, bool escape_html) {
  std::string text = R"({"identifier":)" + to_text(identifier, escape_html);
  return text.append(R"(,"type":")").append(type).append("\"}");
}

}  // namespace detail

/// Parses a message of a server. Nothing if the text is not a JSON object within the limits, or names no
/// subscription though its type is about one. Members that are missing or malformed have their defaults.
/// Throws only std::bad_alloc.
[[nodiscard]] inline std::optional<server_message> parse_server_message(
    std::string_view text, const json_limits& limits = {}) {
  auto object = parse_json(text, limits);
  if (!object || !object->is_object()) return std::nullopt;
  server_message parsed;
  parsed.type = detail::message_type_of(*object);
  if (detail::has_identifier(parsed.type)) {
    const auto* const identifier = detail::string_member(*object, "identifier");
    if (identifier == nullptr || identifier->empty()) return std::nullopt;
    parsed.identifier = *identifier;
  }
  if (const auto found = object->find("message"); found != object->end()) {
    parsed.message = std::move(*found);
  }
  switch (parsed.type) {
    case server_message_type::welcome:
      parsed.sid = detail::optional_string(*object, "sid");
      parsed.restored = detail::has_boolean(*object, "restored", true);
      parsed.restored_ids = detail::strings_of(*object, "restored_ids");
      break;
    case server_message_type::disconnect:
      parsed.reason = detail::optional_string(*object, "reason");
      parsed.reconnect = !detail::has_boolean(*object, "reconnect", false);
      break;
    case server_message_type::data: parsed.position = detail::position_of(*object); break;
    default: break;
  }
  return parsed;
}

/// The front of the data messages of a subscription, encoded once: each message then costs two copies of
/// text and no JSON.
class data_prefix {
 public:
  explicit data_prefix(std::string_view identifier, bool escape_html = false)
      : data_prefix{"{", identifier, escape_html} {}

  /// The front of messages of presence events.
  static data_prefix presence(std::string_view identifier, bool escape_html = false) {
    return {R"({"type":"presence",)", identifier, escape_html};
  }

  /// The message with that JSON text, which must be one JSON value: is_json().
  [[nodiscard]] std::string message(std::string_view json_text) const {
    std::string text;
    text.reserve(prefix_.size() + json_text.size() + 1);
    return text.append(prefix_).append(json_text).append(1, '}');
  }

  /// The same with its position in the history of its stream.
  [[nodiscard]] std::string message(std::string_view json_text,
                                    const stream_position& position) const {
    auto text = message(json_text);
    text.back() = ',';
    text.append(R"("stream_id":)").append(to_text(position.stream_id));
    text.append(R"(,"epoch":)").append(to_text(position.epoch));
    return text.append(R"(,"offset":)").append(std::to_string(position.offset)).append(1, '}');
  }

 private:
  data_prefix(std::string_view start, std::string_view identifier, bool escape_html)
      : prefix_{std::string{start}.append(R"("identifier":)") + to_text(identifier, escape_html) +
                R"(,"message":)"} {}

  std::string prefix_;
};

/// The text of a message, from the server to the client, with its members in Rails' order. `escape_html` is that of
/// to_text().
[[nodiscard]] inline std::string welcome_message() { return R"({"type":"welcome"})"; }

/// The same with the name of the session: `actioncable-v1-ext-json`.
[[nodiscard]] inline std::string welcome_message(std::string_view sid) {
  return R"({"type":"welcome","sid":)" + to_text(sid) + '}';
}

/// The same for a session that was restored with these subscriptions.
[[nodiscard]] inline std::string welcome_message(std::string_view sid,
                                                 std::span<const std::string> restored_ids) {
  auto ids = json::array();
  for (const auto& id : restored_ids) ids.push_back(id);
  return R"({"type":"welcome","sid":)" + to_text(sid) + R"(,"restored":true,"restored_ids":)" +
         to_text(ids) + '}';
}

/// `seconds` is the time: since 1970, in UTC.
[[nodiscard]] inline std::string ping_message(std::int64_t seconds) {
  return R"({"type":"ping","message":)" + std::to_string(seconds) + '}';
}

[[nodiscard]] inline std::string pong_message() { return R"({"type":"pong"})"; }

[[nodiscard]] inline std::string confirmation_message(std::string_view identifier,
                                                      bool escape_html = false) {
  return detail::answer(identifier, "confirm_subscription", escape_html);
}

[[nodiscard]] inline std::string rejection_message(std::string_view identifier,
                                                   bool escape_html = false) {
  return detail::answer(identifier, "reject_subscription", escape_html);
}

[[nodiscard]] inline std::string history_confirmation_message(std::string_view identifier) {
  return detail::answer(identifier, "confirm_history", false);
}

[[nodiscard]] inline std::string history_rejection_message(std::string_view identifier) {
  return detail::answer(identifier, "reject_history", false);
}

/// `json_text` must be one JSON value: is_json().
[[nodiscard]] inline std::string data_message(std::string_view identifier,
                                              std::string_view json_text) {
  return data_prefix{identifier}.message(json_text);
}

[[nodiscard]] inline std::string data_message(std::string_view identifier,
                                              std::string_view json_text,
                                              const stream_position& position) {
  return data_prefix{identifier}.message(json_text, position);
}

/// `event` is an object, with its type as its member `type`.
[[nodiscard]] inline std::string presence_message(std::string_view identifier, const json& event) {
  return R"({"type":"presence","identifier":)" + to_text(identifier) + R"(,"message":)" +
         to_text(event) + '}';
}

/// Sent before the server closes. Without a reason it is null.
[[nodiscard]] inline std::string disconnect_message(std::optional<std::string_view> reason,
                                                    bool reconnect) {
  return R"({"type":"disconnect","reason":)" + (reason ? to_text(*reason) : "null") +
         (reconnect ? R"(,"reconnect":true})" : R"(,"reconnect":false})");
}

}  // namespace hawser::cable
