// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser::cable::detail {

inline constexpr std::string_view v1_protocol = "actioncable-v1-json";

/// The same with sessions, history, whispers and presence: AnyCable's.
inline constexpr std::string_view extended_protocol = "actioncable-v1-ext-json";

/// What a server that supports none of the others may choose. A consumer then gives up.
inline constexpr std::string_view no_protocol = "actioncable-unsupported";

/// The URL with ws: for http:, and wss: for https:.
inline std::string websocket_url(std::string url) {
  for (const std::string_view scheme : {"http:", "https:"}) {
    if (iequals(std::string_view{url}.substr(0, scheme.size()), scheme)) {
      return url.replace(0, 4, "ws");
    }
  }
  return url;
}

/// The Origin of a page of the server, or an empty text if the URL is not valid.
inline std::string origin_of(std::string_view url) {
  std::error_code ec;
  const auto where = uri::decode(url, ec, uri::user_info::allow);
  if (!where) return {};
  return std::string{where->secure() ? "https://" : "http://"}.append(where->host_field());
}

/// Offers the protocols of Action Cable before those that are given.
inline void add_subprotocols(default_client_policy& policy, bool extended) {
  std::vector<std::string> offered;
  if (extended) offered.emplace_back(extended_protocol);
  offered.emplace_back(v1_protocol);
  offered.emplace_back(no_protocol);
  for (auto& name : policy.subprotocols) offered.push_back(std::move(name));
  policy.subprotocols = std::move(offered);
}

}  // namespace hawser::cable::detail
