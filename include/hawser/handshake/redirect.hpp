// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

namespace detail {

/// Removes the `.` and `..` segments from a path that starts with a slash: RFC 3986 §5.2.4.
inline std::string remove_dot_segments(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const auto end = (std::min)(path.find('/', 1), path.size());
    const auto segment = path.substr(0, end);
    path.remove_prefix(end);
    const bool dots = segment == "/." || segment == "/..";
    if (segment == "/..") result.resize(result.empty() ? 0 : result.rfind('/'));
    if (!dots) result += segment;
    if (dots && path.empty()) result += '/';
  }
  return result;
}

/// Resolves a reference without host to a request target: RFC 3986 §5.2.2.
inline std::string resolve_target(std::string_view base, std::string_view reference) {
  const auto base_path = base.substr(0, base.find('?'));
  if (reference.empty()) return std::string{base};
  if (reference.front() == '?') return std::string{base_path}.append(reference);
  const auto size = (std::min)(reference.find('?'), reference.size());
  std::string path{base_path.substr(0, reference.front() == '/' ? 0 : base_path.rfind('/') + 1)};
  path += reference.substr(0, size);
  return remove_dot_segments(path).append(reference.substr(size));
}

/// Resolves a reference to a URI without user information. `http:` and `https:` in it are read as
/// `ws:` and `wss:`, because many servers cannot redirect to the latter.
inline std::optional<uri> resolve(const uri& base, std::string_view reference) {
  std::string scheme{base.scheme()};
  const auto colon = reference.find(':');
  if (colon < reference.find_first_of("/?")) {
    const auto name = reference.substr(0, colon);
    scheme = iequals(name, "http") ? "ws" : iequals(name, "https") ? "wss" : name;
    reference.remove_prefix(colon + 1);
    if (!reference.starts_with("//")) return std::nullopt;
  }
  if (reference.starts_with("//")) return uri::decode(scheme.append(":").append(reference));
  return uri::decode(scheme + "://" + base.authority() + resolve_target(base.target(), reference));
}

}  // namespace detail

/// Whether both URIs have the same scheme, host and port.
inline bool is_same_server(const uri& left, const uri& right) {
  return left.secure() == right.secure() && iequals(left.node(), right.node()) &&
         left.port() == right.port();
}

/// The URI to which `answer` redirects a client that requested `from`: RFC 9110 §15.4. Returns
/// nothing if `answer` is not a redirection, does not have exactly one Location that is valid for a
/// WebSocket, or leads from `wss:` to `ws:`. User and password are kept only for the same server.
inline std::optional<uri> redirection(const uri& from, const response& answer) {
  const auto status = answer.status;
  const bool redirects = (status >= 301 && status <= 303) || status == 307 || status == 308;
  const auto location = answer.headers.find_only("Location");
  if (!redirects || !location || location->empty()) return std::nullopt;

  auto there = detail::resolve(from, location->substr(0, location->find('#')));
  if (!there || (from.secure() && !there->secure())) return std::nullopt;
  if (from.user().empty() || !is_same_server(from, *there)) return there;
  return uri::decode(
      std::string{from.scheme()} + "://" + from.user() + '@' + there->authority() + there->target(),
      uri::user_info::allow);
}

/// The part of a request that may be sent to another server than the original one: Origin,
/// User-Agent, and the fields named in `safe`. All other fields may contain secrets. So may
/// subprotocols, which sometimes carry tokens; they are kept if `safe` contains
/// `Sec-WebSocket-Protocol`.
inline default_client_policy for_another_server(default_client_policy policy,
                                                const std::vector<std::string>& safe) {
  const auto is_safe = [&](std::string_view name) {
    return iequals(name, "Origin") || iequals(name, "User-Agent") ||
           std::any_of(safe.begin(), safe.end(),
                       [&](const auto& one) { return iequals(one, name); });
  };
  // Keep a policy that must not be sent as it is: the new fields would be valid().
  if (!policy.headers.valid()) return policy;
  header_fields rest;
  for (const auto [name, value] : policy.headers) {
    if (is_safe(name)) rest.add(name, value);
  }
  policy.headers = std::move(rest);
  if (!is_safe("Sec-WebSocket-Protocol")) policy.subprotocols.clear();
  return policy;
}

}  // namespace hawser
