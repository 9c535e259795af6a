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

/// Takes the `.` and `..` segments out of a path that starts with a slash: RFC 3986 §5.2.4.
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

/// The target that `reference`, which names no host, means at `base`: RFC 3986 §5.2.2.
inline std::string resolve_target(std::string_view base, std::string_view reference) {
  const auto base_path = base.substr(0, base.find('?'));
  if (reference.empty()) return std::string{base};
  if (reference.front() == '?') return std::string{base_path}.append(reference);
  const auto size = (std::min)(reference.find('?'), reference.size());
  std::string path{base_path.substr(0, reference.front() == '/' ? 0 : base_path.rfind('/') + 1)};
  path += reference.substr(0, size);
  return remove_dot_segments(path).append(reference.substr(size));
}

/// The URI without user information that `reference` means at `base`. Servers that know no other
/// schemes write `http:` and `https:`, and mean ours.
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

/// Whether both URIs lead to the same scheme, host and port.
inline bool is_same_server(const uri& left, const uri& right) {
  return left.secure() == right.secure() && iequals(left.node(), right.node()) &&
         left.port() == right.port();
}

/// Where a server sends a client that asked for `from`: RFC 9110 §15.4. Nothing if `answer` is no
/// redirection, does not say one place that is a WebSocket's, or leads from `wss:` to `ws:`. User
/// and password go along only to the same server.
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

/// What of a request may go to another server than the one that it was made for: Origin, User-Agent,
/// and the header lines whose names are in `safe`. All others may hold secrets, and so may
/// subprotocols, since tokens are carried in them: they go along if `safe` has
/// `Sec-WebSocket-Protocol`.
inline default_client_policy for_another_server(default_client_policy policy,
                                                const std::vector<std::string>& safe) {
  const auto is_safe = [&](std::string_view name) {
    return iequals(name, "Origin") || iequals(name, "User-Agent") ||
           std::any_of(safe.begin(), safe.end(),
                       [&](const auto& one) { return iequals(one, name); });
  };
  // A policy that cannot be sent stays one: header_fields::valid() would be lost here.
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
