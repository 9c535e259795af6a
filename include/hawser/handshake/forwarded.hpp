// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/ip_address.hpp"
#include "hawser/handshake/request.hpp"

namespace hawser {

/// Whether the entry of a list of proxies is valid: an address, a network such as `10.0.0.0/8`, or `unix` for
/// every client of a Unix socket.
inline bool is_proxy_entry(std::string_view entry) noexcept {
  return entry == "unix" || detail::decode_network(entry).has_value();
}

/// Whether a client with this address, or `unix`, is in a list of proxies: see is_proxy_entry(). An
/// IPv4-mapped IPv6 address counts as the IPv4 address.
inline bool is_listed_proxy(std::string_view address,
                            const std::vector<std::string>& proxies) noexcept {
  const auto from = decode_ip_address(address);
  return std::any_of(proxies.begin(), proxies.end(), [&](const std::string& entry) {
    return from ? detail::is_in_network(entry, detail::unmapped(*from)) ||
                      detail::is_in_network(entry, *from)
                : address == "unix" && entry == "unix";
  });
}

namespace detail {

/// The last element of a field, which the closest proxy has added, or an empty text. A client cannot hide it
/// behind a quotation mark.
inline std::string_view last_element(const request& asked, std::string_view name) noexcept {
  std::string_view last;
  for (const auto field : asked.headers) {
    if (iequals(field.name, name)) last = field.value;
  }
  const auto comma = last.rfind(',');
  return trim_whitespace(comma == std::string_view::npos ? last : last.substr(comma + 1));
}

}  // namespace detail

/// The scheme by which the client reaches this server, `https` or `http`: that of the connection, or of what
/// a trusted proxy says with X-Forwarded-Proto, X-Forwarded-Scheme or X-Forwarded-Ssl. If these disagree,
/// `https`. Of a list, the last element counts, which this proxy has added.
inline std::string_view client_scheme(const request& asked) noexcept {
  const std::string_view own = asked.is_secure() ? "https" : "http";
  if (!asked.is_from_trusted_proxy()) return own;
  const auto proto = detail::last_element(asked, "X-Forwarded-Proto");
  const auto scheme = detail::last_element(asked, "X-Forwarded-Scheme");
  const auto ssl = detail::last_element(asked, "X-Forwarded-Ssl");
  const auto is_encrypted = [](std::string_view value) {
    return iequals(value, "https") ||
           iequals(value, "wss");  // Some proxies name the upgraded scheme.
  };
  if (is_encrypted(proto) || is_encrypted(scheme) || iequals(ssl, "on")) return "https";
  return proto.empty() && scheme.empty() && ssl.empty() ? own : "http";
}

/// The host, with its port if there is one, by which the client reaches this server: request::host(), or what
/// a trusted proxy says with X-Forwarded-Host; of a list, the last element.
inline std::string_view client_host(const request& asked) noexcept {
  const auto forwarded = asked.is_from_trusted_proxy()
                             ? detail::last_element(asked, "X-Forwarded-Host")
                             : std::string_view{};
  return forwarded.empty() ? asked.host() : forwarded;
}
void client_host(const request&&) = delete;  // The view would outlive a temporary request.

}  // namespace hawser
