// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/ip_address.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

/// Whether the address is a loopback address: 127.0.0.0/8, ::1, or an IPv4-mapped address of 127.0.0.0/8.
constexpr bool is_loopback(const ip_address& address) noexcept {
  return same_network(address, *decode_ipv4("127.0.0.0"), 8) || address == *decode_ipv6("::1") ||
         same_network(address, *decode_ipv6("::ffff:127.0.0.0"), 104);
}

namespace detail {

/// The host name without a final dot, which marks a fully qualified name.
constexpr std::string_view without_root(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

/// Whether `name` ends in `suffix`, which begins with a dot, and is longer.
constexpr bool is_inside(std::string_view name, std::string_view suffix) noexcept {
  return name.size() > suffix.size() && iequals(name.substr(name.size() - suffix.size()), suffix);
}

/// Whether the entry of a host list matches this host.
inline bool is_named_by(std::string_view entry, std::string_view host) noexcept {
  if (entry == "*") return true;
  if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
  if (const auto address = decode_ip_address(host)) return decode_ip_address(entry) == address;
  const auto name = without_root(host);
  entry = without_root(entry);
  return entry.starts_with("*.") ? is_inside(name, entry.substr(1)) : iequals(name, entry);
}

}  // namespace detail

/// Whether a Host field, with or without a port, names this machine: `localhost`, a subdomain of it
/// (RFC 6761 §6.3), or a loopback address.
inline bool is_loopback_host(std::string_view field) noexcept {
  const auto where = decode_authority(field);
  if (!where) return false;
  if (const auto address = decode_ip_address(where->host)) return is_loopback(*address);
  const auto name = detail::without_root(where->host);
  return iequals(name, "localhost") || detail::is_inside(name, ".localhost");
}

/// Whether a Host field, with or without a port, matches one of the hosts. An entry is a name, an
/// address, `*.example.com` for all subdomains but not the domain itself, or `*` for every host.
inline bool is_listed_host(std::string_view field, const std::vector<std::string>& hosts) noexcept {
  const auto where = decode_authority(field);
  return where && std::any_of(hosts.begin(), hosts.end(), [&](const std::string& entry) {
           return detail::is_named_by(entry, where->host);
         });
}

}  // namespace hawser
