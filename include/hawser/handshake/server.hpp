// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/base/ascii.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/key.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

namespace detail {

/// Whether a server can read the target: RFC 9112 §3.2.1 and §3.2.2, without a fragment (RFC 6455 §3).
inline bool is_good_target(const request& asked) noexcept {
  const std::string_view target = asked.target();
  return (target.starts_with('/') || asked.path().data() != target.data()) &&
         target.find('#') == std::string_view::npos;
}

inline bool is_without_body(const header_fields& headers) {
  const auto lengths = headers.values("Content-Length");
  return !headers.find("Transfer-Encoding") &&
         std::all_of(lengths.begin(), lengths.end(), [](auto length) { return length == "0"; });
}

inline bool is_only_value(const header_fields& headers, std::string_view name,
                          std::string_view value) {
  const auto values = headers.values(name);
  return values.size() == 1 && values.front() == value;
}

/// What RFC 6455 §4.2.1 finds wrong in a request, in the order in which a client should learn of it.
inline errc check_upgrade(const request& asked) {
  const auto& headers = asked.headers();
  if (asked.method() != "GET") return errc::bad_method;
  if (!is_good_target(asked)) return errc::bad_start_line;
  if (headers.values("Host").size() != 1 || !decode_authority(asked.host())) return errc::bad_host;
  if (!is_without_body(headers)) return errc::unexpected_body;
  if (!has_token(headers, "Upgrade", "websocket") || !has_token(headers, "Connection", "upgrade")) {
    return errc::not_an_upgrade;
  }
  if (!is_only_value(headers, "Sec-WebSocket-Version", "13")) return errc::unsupported_version;
  const auto keys = headers.values("Sec-WebSocket-Key");
  if (keys.size() != 1 || !is_handshake_key(keys.front())) return errc::bad_key;

  const auto subprotocols = asked.subprotocols();
  const bool good_lists =
      std::all_of(subprotocols.begin(), subprotocols.end(), is_token) && asked.extensions();
  if (!good_lists || headers.values("Origin").size() > 1) return errc::bad_header_field;
  return errc{};
}

/// Lines that the handshake itself writes, and those that would frame a body.
inline bool is_reserved_field(std::string_view name) noexcept {
  constexpr std::string_view prefix = "Sec-WebSocket-";
  return iequals(name, "Host") || iequals(name, "Upgrade") || iequals(name, "Connection") ||
         iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding") ||
         iequals(name.substr(0, prefix.size()), prefix);
}

/// Whether the application's lines may be added to a head of ours.
inline bool are_addable(const header_fields& headers) {
  return headers.valid() && std::none_of(headers.begin(), headers.end(), [](header_field field) {
           return is_reserved_field(field.name);
         });
}

}  // namespace detail
