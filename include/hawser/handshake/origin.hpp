// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/base/wildcard.hpp"
#include "hawser/handshake/forwarded.hpp"
#include "hawser/handshake/ip_address.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

namespace detail {

/// The parts of an Origin such as `https://example.com:8443`: RFC 6454 §6.2. Views of the parsed text.
struct origin_parts {
  std::string_view scheme;
  authority where;

  /// The port, or the usual one of the scheme; 0 if neither is known.
  std::uint16_t port(std::string_view of_scheme) const noexcept {
    const std::uint16_t usual = iequals(of_scheme, "http")    ? 80
                                : iequals(of_scheme, "https") ? 443
                                                              : 0;
    return where.port.value_or(usual);
  }
};

/// Nothing for `null`, and for any other text that is not the origin of a server's page.
inline std::optional<origin_parts> decode_origin(std::string_view text) noexcept {
  const auto end = text.find("://");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const auto where = decode_authority(text.substr(end + 3));
  if (!where) return std::nullopt;
  return origin_parts{text.substr(0, end), *where};
}

inline bool is_same_host(std::string_view left, std::string_view right) noexcept {
  const auto address = decode_ip_address(left);
  return address ? decode_ip_address(right) == address : iequals(left, right);
}

/// Whether the whole label matches, where each `*` stands for one character or more.
constexpr bool is_matching_label(std::string_view pattern, std::string_view label) noexcept {
  const auto literal = [](std::string_view rest, char one) -> std::size_t {
    return to_lower(rest.front()) == to_lower(one) ? 1 : 0;
  };
  return matches_wildcards(pattern, label, 1, literal);
}

/// Takes the last label of a host name and the dot before it.
constexpr std::string_view take_last_label(std::string_view& name) noexcept {
  const auto dot = name.rfind('.');
  const auto label = name.substr(dot == std::string_view::npos ? 0 : dot + 1);
  name = name.substr(0, dot == std::string_view::npos ? 0 : dot);
  return label;
}

/// Whether the whole host name matches the pattern.
constexpr bool is_matching_name(std::string_view pattern, std::string_view name) noexcept {
  constexpr std::size_t longest_name = 254;  // RFC 1035 §2.3.4, and a final dot
  if (name.size() > longest_name || name.starts_with('.') || pattern.starts_with('.')) return false;
  if (name.find("..") != std::string_view::npos) return false;
  while (!pattern.empty() && !name.empty()) {
    if (pattern == "*") return true;
    if (!is_matching_label(take_last_label(pattern), take_last_label(name))) return false;
  }
  return pattern.empty() && name.empty();
}

inline bool is_matching_host(std::string_view pattern, std::string_view host) noexcept {
  if (decode_ip_address(host)) return pattern == "*" || is_same_host(pattern, host);
  return is_matching_name(pattern, host);
}

inline bool is_matching_scheme(std::string_view pattern, std::string_view scheme) noexcept {
  if (pattern == "*") return iequals(scheme, "http") || iequals(scheme, "https");
  return iequals(pattern, scheme);
}

/// Whether the entry of a list of origins matches this Origin as a whole.
inline bool is_origin_of(std::string_view entry, std::string_view origin) noexcept {
  const auto page = decode_origin(origin);
  if (!page) return !origin.empty() && iequals(entry, origin);
  if (entry == "*") return true;
  const bool any_port = entry.ends_with(":*");
  const auto wanted = decode_origin(any_port ? entry.substr(0, entry.size() - 2) : entry);
  return wanted && is_matching_scheme(wanted->scheme, page->scheme) &&
         is_matching_host(wanted->where.host, page->where.host) &&
         (any_port || wanted->port(page->scheme) == page->port(page->scheme));
}

/// Whether the Origin has this scheme, and the host and port that the client uses for this server.
inline bool is_of_origin(const request& asked, std::string_view scheme) noexcept {
  const auto origin = asked.origin();
  if (!origin) return true;
  const auto page = decode_origin(*origin);
  const auto where = decode_authority(client_host(asked));
  if (!page || !where) return false;
  const origin_parts own{scheme, *where};
  return iequals(page->scheme, scheme) && is_same_host(page->where.host, own.where.host) &&
         page->port(scheme) == own.port(scheme);
}

/// A refused Origin, the origin that counts as the server's own, and the allowed ones, for a report. A long
/// Origin is cut.
inline std::string explain_origin(const request& asked, const std::vector<std::string>& allowed) {
  constexpr std::size_t most = 256;
  const auto page = asked.origin();
  std::string text{page ? page->substr(0, most) : "no Origin"};
  if (page && page->size() > most) text += "...";
  text.append(" (own origin: ").append(client_scheme(asked)).append("://");
  text.append(client_host(asked).substr(0, most));
  if (!allowed.empty()) text += "; allowed origins:";
  for (const auto& one : allowed) text.append(&one == &allowed.front() ? " " : ", ").append(one);
  return text += ')';
}

}  // namespace detail

/// Decides whether a web page may connect.
using origin_check = handler_function<bool(const request&)>;

/// Allows every page: any site that a user visits can then connect.
inline bool any_origin(const request&) noexcept { return true; }

/// Allows pages of the same scheme, host and port, as the client uses them (client_scheme(), client_host()),
/// and clients without an Origin, which are not browsers: RFC 6455 §10.2.
inline bool same_origin(const request& asked) noexcept {
  return detail::is_of_origin(asked, client_scheme(asked));
}

/// The same with pages of `https:`, whatever the scheme of the connection: for a server behind a proxy that
/// terminates TLS and sends no X-Forwarded-Proto. The proxy must forward Host.
inline bool same_origin_behind_tls_proxy(const request& asked) noexcept {
  return detail::is_of_origin(asked, "https");
}

/// Whether one of the entries matches the whole Origin. An entry has the form that browsers send,
/// `https://example.com`, without a path. Schemes and hosts are compared without case, and a missing port is
/// the usual one of `http:` or `https:`. Wildcards:
///
/// - `https://*.example.com`: all subdomains, but not the domain itself
/// - `https://shop-*.example.com`: one or more characters of a label; never a dot
/// - `http://localhost:*`: every port
/// - `*://example.com`: `http:` and `https:`
/// - `*`: every Origin but `null`
///
/// An address is only matched by an equal one, or by `*` as the host. `null`, the Origin of a sandboxed frame
/// or a file, is only matched by the entry `null`. Other entries match nothing but themselves.
inline bool is_listed_origin(std::string_view origin,
                             const std::vector<std::string>& entries) noexcept {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const std::string& entry) { return detail::is_origin_of(entry, origin); });
}

}  // namespace hawser
