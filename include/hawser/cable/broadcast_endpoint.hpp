// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/constant_time_equal.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/cable/identifiers.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/pubsub/topic.hpp"

namespace hawser::cable {

/// What another program asks for by HTTP, in the format of AnyCable.
struct remote_broadcast {
  std::string stream;
  std::string json_text;  ///< One JSON value

  /// The session that does not get it, as its welcome named it: `exclude_socket`, or else the header field X-Socket-ID
  /// of the request. Empty: none.
  std::string exclude_sid = {};

  bool transient = false;  ///< It is not kept in the history of the stream

  bool operator==(const remote_broadcast&) const = default;
};

struct broadcast_endpoint_options {
  /// What the client sends as `Authorization: Bearer …`: RFC 6750 §2.1 has the characters that it may have.
  std::string token = {};

  /// Whether any client that reaches the server may broadcast. Otherwise `token` must not be empty.
  bool allow_any_client = false;

  /// The limits of one request. Zero permits nothing. The server limits its body, too: http_limits.
  json_limits limits = {.max_bytes = 1024 * 1024};
  std::size_t max_broadcasts = 1'000;
};

namespace detail {

inline std::optional<remote_broadcast> remote_broadcast_of(const json& one,
                                                           const json_limits& limits) {
  if (!one.is_object()) return std::nullopt;
  const auto* const stream = string_member(one, "stream");
  const auto* const data = string_member(one, "data");
  if (stream == nullptr || !is_topic(*stream)) return std::nullopt;
  if (data == nullptr || !is_json(*data, limits)) return std::nullopt;
  remote_broadcast made{*stream, *data, {}, false};
  if (const auto meta = one.find("meta"); meta != one.end() && meta->is_object()) {
    if (const auto* const sid = string_member(*meta, "exclude_socket")) made.exclude_sid = *sid;
    made.transient = has_boolean(*meta, "transient", true);
  }
  return made;
}

/// All broadcasts of a body: an object, or an array of them. Nothing if one is malformed.
inline std::optional<std::vector<remote_broadcast>> remote_broadcasts_of(
    const json& body, const broadcast_endpoint_options& options) {
  std::vector<remote_broadcast> all;
  const auto add = [&](const json& one) {
    auto made = all.size() < options.max_broadcasts ? remote_broadcast_of(one, options.limits)
                                                    : std::nullopt;
    if (made) all.push_back(std::move(*made));
    return made.has_value();
  };
  if (!body.is_array()) return add(body) ? std::optional{std::move(all)} : std::nullopt;
  for (const auto& one : body) {
    if (!add(one)) return std::nullopt;
  }
  return all;
}

}  // namespace detail

/// A function for route::on_http, with which programs in any language broadcast by `POST`, in the format of AnyCable.
/// cable::server::serve_broadcasts() makes it for a server; this one calls functions of yours.
///
/// Its response is 201 if all broadcasts of the request are accepted, 401 without the token, 422 for another method
/// and for a body that is malformed: nothing is broadcast then. May be called on any thread.
class broadcast_endpoint {
 public:
  using broadcast_function = handler_function<std::error_code(const remote_broadcast&)>;

  /// Ends the connections with that connection identifier.
  using disconnect_function =
      handler_function<std::error_code(const std::string& identifier, bool reconnect)>;

  /// An error of a function is a response of 503, after which the rest of the request is not broadcast. Throws
  /// std::invalid_argument without a token if not any client is allowed.
  broadcast_endpoint(broadcast_endpoint_options options, broadcast_function broadcast,
                     disconnect_function disconnect)
      : options_{std::move(options)},
        broadcast_{std::move(broadcast)},
        disconnect_{std::move(disconnect)} {
    if (options_.token.empty() && !options_.allow_any_client) {
      throw std::invalid_argument{"hawser::cable: broadcast_endpoint needs a token"};
    }
  }

  response operator()(const request& asked) const {
    if (!is_authorized(asked)) {
      return {.status = 401, .headers = {{"WWW-Authenticate", "Bearer"}}};
    }
    if (asked.method() != "POST") return {.status = 422};
    const auto body = parse_json(asked.body(), options_.limits);
    if (!body) return {.status = 422};
    if (body->is_object() && body->contains("command")) return execute(*body);
    auto all = detail::remote_broadcasts_of(*body, options_);
    if (!all) return {.status = 422};
    const auto socket = asked.header("X-Socket-ID");
    for (auto& one : *all) {
      if (one.exclude_sid.empty() && socket) one.exclude_sid = *socket;
      if (broadcast_(one)) return {.status = 503};
    }
    return {.status = 201};
  }

 private:
  bool is_authorized(const request& asked) const {
    if (options_.token.empty()) return true;
    const auto given = asked.bearer_token();
    return given && constant_time_equal(*given, options_.token);
  }

  response execute(const json& body) const {
    const auto* const name = detail::string_member(body, "command");
    const auto payload = body.find("payload");
    if (name == nullptr || *name != "disconnect" || payload == body.end() ||
        !payload->is_object()) {
      return {.status = 422};
    }
    const auto* const identifier = detail::string_member(*payload, "identifier");
    if (identifier == nullptr || identifier->empty() ||
        !is_topic(detail::internal_topic(*identifier))) {
      return {.status = 422};
    }
    const bool reconnect = !detail::has_boolean(*payload, "reconnect", false);
    return {.status = disconnect_(*identifier, reconnect) ? 503U : 201U};
  }

  broadcast_endpoint_options options_;
  broadcast_function broadcast_;
  disconnect_function disconnect_;
};

}  // namespace hawser::cable
