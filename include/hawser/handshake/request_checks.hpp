// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>

#include "hawser/base/error.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/key.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/request_body.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser::detail {

/// Whether Host is valid and occurs once, as RFC 9112 §3.2 requires. HTTP/1.0 may omit it.
inline bool has_good_host(const request& asked, http_version http) {
  const auto hosts = asked.headers.values("Host");
  if (hosts.empty()) {
    return http == http_version::http_1_0 &&
           (asked.host().empty() || decode_authority(asked.host()));
  }
  return hosts.size() == 1 && decode_authority(hosts.front()) && decode_authority(asked.host());
}

/// Checks what every request must fulfil. CONNECT is never served.
inline errc check_request(const request& asked, http_version http) {
  if (asked.method() == "CONNECT") return errc::bad_method;
  const bool about_server = asked.method() == "OPTIONS" && asked.target() == "*";
  if (!asked.has_good_target() && !about_server) return errc::bad_start_line;
  if (!has_good_host(asked, http)) return errc::bad_host;
  return request_framing(asked.headers, http).error;
}

/// Whether a request asks to become a WebSocket. In HTTP/1.0, Upgrade is ignored: RFC 9110 §7.8.
inline bool is_upgrade(const request& asked, http_version http) {
  return http == http_version::http_1_1 && asked.method() == "GET" &&
         has_token(asked.headers, "Upgrade", "websocket") &&
         has_token(asked.headers, "Connection", "upgrade");
}

/// Checks a request by RFC 6455 §4.2.1, the most specific error first.
inline errc check_upgrade(const request& asked, http_version http) {
  if (const auto error = check_request(asked, http); error != errc{}) return error;
  if (!is_upgrade(asked, http)) {
    const bool reads = asked.method() == "GET" || asked.method() == "HEAD";
    return reads ? errc::not_an_upgrade : errc::bad_method;
  }
  const auto& headers = asked.headers;
  if (!request_framing(headers, http).is_empty()) return errc::unexpected_body;
  if (headers.find_only("Sec-WebSocket-Version") != "13") return errc::unsupported_version;
  const auto key = headers.find_only("Sec-WebSocket-Key");
  if (!key || !is_handshake_key(*key)) return errc::bad_key;

  const auto subprotocols = asked.subprotocols();
  const bool good_lists =
      std::all_of(subprotocols.begin(), subprotocols.end(), is_token) && asked.extensions();
  if (!good_lists || headers.values("Origin").size() > 1) return errc::bad_header_field;
  return errc{};
}

}  // namespace hawser::detail
