// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/cable/disconnect_options.hpp"
#include "hawser/cable/engine/server_state.hpp"
#include "hawser/cable/identifiers.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser::cable::detail {

/// The topic of remote disconnects that do not name all identifiers. Rails does not use it.
inline constexpr std::string_view partial_topic = "hawser_cable/disconnect";

inline json disconnect_command(bool reconnect) {
  return {{"type", "disconnect"}, {"reconnect", reconnect}};
}

/// Ends the connections that have this connection identifier, as Rails does.
/// Sessions in a session_store with these identifiers do not continue.
inline void revoke_stored(const server_state& of, const json& what) {
  if (!of.stores_sessions()) return;
  of.streams->gate().revoke_sessions(to_text(what), of.options.extended.sessions.ttl);
}

inline std::error_code disconnect_remotely(const server_state& of, std::string_view identifier,
                                           const disconnect_options& options) {
  revoke_stored(of, {{"identifier", identifier}});
  return of.streams->publish(internal_topic(identifier),
                             to_text(disconnect_command(options.reconnect)),
                             {.except = options.except});
}

inline std::error_code disconnect_remotely(const server_state& of, const identifier_texts& where,
                                           const disconnect_options& options) {
  const auto is_declared = [&](const auto& one) {
    return std::ranges::find(of.identified_by, one.first) != of.identified_by.end();
  };
  if (where.empty() || !std::ranges::all_of(where, is_declared)) {
    throw std::invalid_argument{"hawser::cable: disconnect() wants names of identified_by()"};
  }
  if (where.size() == of.identified_by.size()) {
    return disconnect_remotely(of, joined_identifier(where), options);
  }
  auto asked = disconnect_command(options.reconnect);
  asked["where"] = where;
  revoke_stored(of, {{"where", where}});
  return of.streams->publish(partial_topic, to_text(asked), {.except = options.except});
}

/// Ends the connections of this process that a partial remote disconnect names.
inline void obey_partial(const server_state& of, const publication& published) {
  const auto text = hawser::as_text(published.message.payload());
  const auto asked = parse_json(text);
  if (!asked || !asked->is_object()) return;
  const auto where = asked->find("where");
  if (where == asked->end() || !where->is_object()) return;
  identifier_texts wanted;
  for (const auto& [name, value] : where->items()) {
    if (!value.is_string()) return;
    wanted.emplace(name, value.template get<std::string>());
  }
  of.sessions.revoke(wanted);
  const auto reconnect = asked->value("reconnect", json(true)) != json(false);
  for (const auto& one : of.connections.find(wanted)) {
    if (!one.gets(published)) continue;
    one.post([reconnect](connection_core& it) { it.end("remote", reconnect, close_code::normal); });
  }
}

/// Subscribes the topic, until the end of the server.
inline void obey_partial_disconnects(const std::shared_ptr<server_state>& of) {
  stream_request wanted;
  wanted.listener = [weak = std::weak_ptr{of}](const publication& published) {
    if (const auto one = weak.lock()) obey_partial(*one, published);
  };
  wanted.live = [](std::error_code) {};
  of->remote = of->streams->join(std::string{partial_topic}, std::move(wanted));
}

}  // namespace hawser::cable::detail
