// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/handshake/allowed_hosts.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

/// The result of a successful opening handshake.
struct agreement {
  std::string subprotocol;    ///< Empty: none
  extension_list extensions;  ///< As in the server's response

  /// A client's side: the response, which has status 101. A server's side: null.
  std::shared_ptr<const response> answer = {};
};

namespace detail {

/// The response of an agreement; status 0 if it has none.
inline const response& answer_of(const agreement& agreed) noexcept {
  static const never_destroyed<response> none{response{.status = 0}};
  return agreed.answer ? *agreed.answer : none.get();
}

}  // namespace detail

namespace detail {

/// Whether the handshake writes this field itself, or the field would delimit a body.
inline bool is_reserved_field(header_field field) noexcept {
  constexpr std::string_view prefix = "Sec-WebSocket-";
  return iequals(field.name, "Host") || iequals(field.name, "Upgrade") ||
         iequals(field.name, "Connection") || iequals(field.name, "Content-Length") ||
         iequals(field.name, "Transfer-Encoding") ||
         iequals(field.name.substr(0, prefix.size()), prefix);
}

/// The name of the first field that the application may not add to a head, which may be empty, or
/// nothing if it may add all of them.
inline std::optional<std::string_view> find_not_addable(const header_fields& headers) noexcept {
  if (!headers.valid()) return headers.refused();
  for (const auto field : headers) {
    if (is_reserved_field(field)) return field.name;
  }
  return std::nullopt;
}

/// Whether the application may add these fields to a head.
inline bool are_addable(const header_fields& headers) noexcept {
  return !find_not_addable(headers);
}

}  // namespace detail

namespace detail {

/// Whether a server's policy requires a subprotocol.
template <class Policy>
bool requires_subprotocol(const Policy& policy) {
  if constexpr (requires { policy.requires_subprotocol(); }) {
    return policy.requires_subprotocol();
  } else {
    return false;
  }
}

}  // namespace detail

/// Decides whether a web page may connect.
using origin_check = handler_function<bool(const request&)>;

/// Allows every page: any site that a user visits can then connect.
inline bool any_origin(const request&) noexcept { return true; }

namespace detail {

/// Whether the Origin has this scheme, and the host and port of the request. A missing port is
/// `usual_port`.
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

/// Allows pages of `https:` on the request's host and port, and clients without an Origin, which
/// are not browsers. For a server behind a proxy that terminates TLS; the proxy must forward Host.
inline bool same_origin_behind_tls_proxy(const request& asked) noexcept {
  return detail::is_of_origin(asked, "https", 443);
}

/// Allows pages of the request's scheme (`https:` over TLS, else `http:`), host and port, and
/// clients without an Origin, which are not browsers: RFC 6455 §10.2.
inline bool same_origin(const request& asked) noexcept {
  return asked.is_secure() ? detail::is_of_origin(asked, "https", 443)
                           : detail::is_of_origin(asked, "http", 80);
}

/// Allows pages of these origins, in the form that browsers send: `https://example.com`. Also
/// allows clients without an Origin, which are not browsers.
inline origin_check only_origins(std::vector<std::string> origins) {
  return [origins = std::move(origins)](const request& asked) {
    const auto origin = asked.origin();
    return !origin || std::any_of(origins.begin(), origins.end(), [&](const std::string& allowed) {
      return iequals(allowed, *origin);
    });
  };
}

/// The decisions of a server's application about a valid request, called in this order:
///
/// - `allow_host`: whether the server serves request::host(); if not, the response is 421. Also
///   called for requests that are not upgrades.
/// - `allow_origin`: whether this page may connect; if not, the response is 403. The application
///   only gets requests that have passed both.
/// - `choose_subprotocol`: one of those that the request offers, in the same spelling, or an empty
///   text for none.
/// - `accept_extensions`: the value of Sec-WebSocket-Extensions in answer to these offers, which are in
///   the client's order, or an empty text for none. Use the first acceptable offer of an extension.
/// - `extra_headers`: fields to add to the response, except those that the handshake writes.
///
/// A policy may have `bool requires_subprotocol()`: if it returns true and none is chosen, the response is 400.
template <class Policy>
concept server_policy = requires(Policy& policy, const request& asked,
                                 const extension_list& offers) {
  { policy.allow_host(asked) } -> std::same_as<bool>;
  { policy.allow_origin(asked) } -> std::same_as<bool>;
  { policy.choose_subprotocol(asked) } -> std::convertible_to<std::string>;
  { policy.accept_extensions(offers) } -> std::convertible_to<std::string>;
  { policy.extra_headers(asked) } -> std::convertible_to<header_fields>;
};

/// A server_policy with settings. Default: pages of the same origin, no subprotocol, no extension.
struct default_server_policy {
  origin_check origin = same_origin;           ///< An empty function refuses every page
  std::vector<std::string> subprotocols = {};  ///< Supported subprotocols, the preferred one first
  header_fields headers = {};

  /// Whether a client that offers none of the supported subprotocols is refused, with status 400. Otherwise
  /// it is accepted without one.
  bool require_subprotocol = false;

  /// The hosts that the server serves: names and addresses without ports, `*.example.com` for all
  /// subdomains, `*` for every host. Empty, the default: on a listener with a loopback address,
  /// only `localhost`, its subdomains and loopback addresses, so that no page reaches the server by
  /// a name that resolves to this machine (DNS rebinding); on every other listener (`0.0.0.0`,
  /// `::`, other addresses, Unix sockets) all hosts. For a server behind a proxy on the same
  /// machine that forwards Host, list the proxy's host names.
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

  bool requires_subprotocol() const noexcept { return require_subprotocol; }

  std::string accept_extensions(const extension_list&) const { return {}; }

  const header_fields& extra_headers(const request&) const { return headers; }
};

static_assert(server_policy<default_server_policy>);

/// The default User-Agent of a client, because some servers refuse clients without one: RFC 9110
/// §10.1.5. A test compares the version with version.hpp.
inline constexpr std::string_view default_user_agent = "hawser/0.1.0";

/// What a client offers in its request.
struct handshake_offer {
  std::string origin = {};                     ///< Empty: none; only browsers need one
  std::vector<std::string> subprotocols = {};  ///< The preferred one first
  std::string extensions = {};  ///< The value of Sec-WebSocket-Extensions; empty: none
  header_fields headers = {};   ///< Fields to add, except those that the handshake writes
  /// Empty: none. A User-Agent in `headers` replaces it.
  std::string user_agent{default_user_agent};
  bool require_subprotocol = false;  ///< Whether the server must choose one of `subprotocols`
};

/// The decisions of a client's application:
///
/// - `make_offer`: the content of the request; called once, before anything is sent.
/// - `accept_extensions`: whether the server's list of extensions, possibly empty, is valid for the
///   offer. Not called for a list with an extension that was not offered.
template <class Policy>
concept client_policy = requires(Policy& policy, const extension_list& answer) {
  { policy.make_offer() } -> std::convertible_to<handshake_offer>;
  { policy.accept_extensions(answer) } -> std::same_as<bool>;
};

/// A client_policy with settings. Default: no subprotocol, no extension, no header field other than
/// User-Agent.
struct default_client_policy {
  std::string origin = {};
  std::vector<std::string> subprotocols = {};
  header_fields headers = {};

  /// Empty: none. A User-Agent in `headers` replaces it. HTTP proxies get it too.
  std::string user_agent{default_user_agent};

  /// Whether the connection fails with errc::no_subprotocol if the server chooses none of `subprotocols`,
  /// which must not be empty then.
  bool require_subprotocol = false;

  handshake_offer make_offer() const {
    return {origin, subprotocols, {}, headers, user_agent, require_subprotocol};
  }

  bool accept_extensions(const extension_list& answer) const { return answer.empty(); }
};

static_assert(client_policy<default_client_policy>);

}  // namespace hawser
