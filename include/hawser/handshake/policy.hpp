// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/allowed_hosts.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

/// What both sides hold to once the opening handshake is done.
struct agreement {
  std::string subprotocol;    ///< Empty: none
  extension_list extensions;  ///< As the server answered them
};

namespace detail {

/// Lines that the handshake itself writes, and those that would frame a body.
inline bool is_reserved_field(header_field field) noexcept {
  constexpr std::string_view prefix = "Sec-WebSocket-";
  return iequals(field.name, "Host") || iequals(field.name, "Upgrade") ||
         iequals(field.name, "Connection") || iequals(field.name, "Content-Length") ||
         iequals(field.name, "Transfer-Encoding") ||
         iequals(field.name.substr(0, prefix.size()), prefix);
}

/// Whether the application's lines may be added to a head of ours.
inline bool are_addable(const header_fields& headers) noexcept {
  return headers.valid() && std::none_of(headers.begin(), headers.end(), is_reserved_field);
}

}  // namespace detail

/// Decides whether a page may connect.
using origin_check = std::function<bool(const request&)>;

/// Every page may connect, and with it every site that a user visits.
inline bool any_origin(const request&) noexcept { return true; }

namespace detail {

/// Whether the Origin has this scheme, and the host and port that the request is for. A port left out is
/// the scheme's.
inline bool is_of_origin(const request& asked, std::string_view scheme,
                         std::uint16_t usual_port) noexcept {
  const auto origin = asked.origin();
  if (!origin) return true;
  const auto scheme_size = origin->find("://");
  if (scheme_size == std::string_view::npos) return false;
  if (!iequals(origin->substr(0, scheme_size), scheme)) return false;
  const auto page = decode_authority(origin->substr(scheme_size + 3));
  const auto host = decode_authority(asked.host());
  return page && host && iequals(page->host, host->host) &&
         page->port.value_or(usual_port) == host->port.value_or(usual_port);
}

}  // namespace detail

/// Only pages of the `https:` host and port that the request is for; also clients without an Origin,
/// which are not browsers. For a server behind a proxy that ends TLS: the proxy must pass Host on.
inline bool same_origin_behind_tls_proxy(const request& asked) noexcept {
  return detail::is_of_origin(asked, "https", 443);
}

/// Only pages of the scheme, host and port that the request is for: `https:` if it came over TLS, else
/// `http:`. Also clients without an Origin, which are not browsers. See RFC 6455 §10.2.
inline bool same_origin(const request& asked) noexcept {
  return asked.is_secure() ? detail::is_of_origin(asked, "https", 443)
                           : detail::is_of_origin(asked, "http", 80);
}

/// Only pages of these origins, written as browsers do: `https://example.com`. Also who is no
/// browser and sends no Origin.
inline origin_check only_origins(std::vector<std::string> origins) {
  return [origins = std::move(origins)](const request& asked) {
    const auto origin = asked.origin();
    return !origin || std::any_of(origins.begin(), origins.end(), [&](const std::string& allowed) {
      return iequals(allowed, *origin);
    });
  };
}

/// What a server's handshake asks of the application once the request is known to be good, in this order:
///
/// - `allow_host`: whether the server answers for request::host(); if not, the answer is 421. Also asked
///   for requests that are not upgrades.
/// - `allow_origin`: whether this page may connect; if not, the answer is 403. The application sees only
///   requests that have passed both.
/// - `choose_subprotocol`: one of those the request offers, spelled the same, or an empty text.
/// - `accept_extensions`: the value of Sec-WebSocket-Extensions for these offers, which come in the
///   client's order, or an empty text. The first acceptable offer of an extension wins.
/// - `extra_headers`: lines to add to the answer, none of those that the handshake writes.
template <class Policy>
concept server_policy = requires(Policy& policy, const request& asked,
                                 const extension_list& offers) {
  { policy.allow_host(asked) } -> std::same_as<bool>;
  { policy.allow_origin(asked) } -> std::same_as<bool>;
  { policy.choose_subprotocol(asked) } -> std::convertible_to<std::string>;
  { policy.accept_extensions(offers) } -> std::convertible_to<std::string>;
  { policy.extra_headers(asked) } -> std::convertible_to<header_fields>;
};

/// Pages of the same origin only, no subprotocol, no extension, unless set otherwise.
struct default_server_policy {
  origin_check origin = same_origin;           ///< An empty function allows nobody
  std::vector<std::string> subprotocols = {};  ///< What the server speaks, the most wanted first
  header_fields headers = {};

  /// The hosts that the server answers for: names and addresses without ports, `*.example.com` for the
  /// names inside a domain, `*` for all. Empty: on a listener of a loopback address `localhost`, the
  /// names inside it and loopback addresses, so that no page reaches the server by a name of its own
  /// that it has resolve to this machine (DNS rebinding); on every other listener (`0.0.0.0` and `::`,
  /// other addresses, Unix sockets) all hosts. A server behind a proxy on the same machine, which passes
  /// Host on, lists the names that the proxy serves.
  std::vector<std::string> allowed_hosts = {};

  bool allow_host(const request& asked) const {
    if (!allowed_hosts.empty()) return is_listed_host(asked.host(), allowed_hosts);
    return !asked.is_from_loopback() || is_loopback_host(asked.host());
  }

  bool allow_origin(const request& asked) const { return origin && origin(asked); }

  std::string choose_subprotocol(const request& asked) const {
    const auto offered = asked.subprotocols();
    for (const auto& name : subprotocols) {
      if (std::find(offered.begin(), offered.end(), name) != offered.end()) return name;
    }
    return {};
  }

  std::string accept_extensions(const extension_list&) const { return {}; }

  const header_fields& extra_headers(const request&) const { return headers; }
};

static_assert(server_policy<default_server_policy>);

/// What a client says of itself unless set otherwise, since some servers refuse a client that says
/// nothing: RFC 9110 §10.1.5. A test compares its version with that of version.hpp.
inline constexpr std::string_view default_user_agent = "hawser/0.1.0";

/// What a client asks for.
struct handshake_offer {
  std::string origin = {};                     ///< Empty: none; only browsers need one
  std::vector<std::string> subprotocols = {};  ///< The most wanted first
  std::string extensions = {};                 ///< The value of Sec-WebSocket-Extensions, or empty
  header_fields headers = {};                  ///< Lines to add, none that the handshake writes
  /// Empty: none. A User-Agent among the headers is sent in its place.
  std::string user_agent{default_user_agent};
};

/// What a client's handshake asks of the application.
///
/// - `make_offer`: called once, before anything is sent.
/// - `accept_extensions`: whether the server's answer, perhaps empty, is a legal one to the offer.
///   An extension that was not offered at all never gets here.
template <class Policy>
concept client_policy = requires(Policy& policy, const extension_list& answer) {
  { policy.make_offer() } -> std::convertible_to<handshake_offer>;
  { policy.accept_extensions(answer) } -> std::same_as<bool>;
};

/// No subprotocol, no extension, no headers beside User-Agent, unless set otherwise.
struct default_client_policy {
  std::string origin = {};
  std::vector<std::string> subprotocols = {};
  header_fields headers = {};

  /// Empty: none. A User-Agent among the headers is sent in its place. An HTTP proxy gets it too.
  std::string user_agent{default_user_agent};

  handshake_offer make_offer() const { return {origin, subprotocols, {}, headers, user_agent}; }

  bool accept_extensions(const extension_list& answer) const { return answer.empty(); }
};

static_assert(client_policy<default_client_policy>);

}  // namespace hawser
