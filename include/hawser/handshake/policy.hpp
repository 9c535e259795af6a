// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/handshake/allowed_hosts.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/forwarded.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/origin.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"

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

namespace detail {

/// The response of a server's policy to a page that may not connect.
template <class Policy>
response refusal_of_origin(Policy& policy, const request& asked) {
  if constexpr (requires { policy.refuse_origin(asked); }) {
    return policy.refuse_origin(asked);
  } else {
    return response_for(errc::origin_refused);
  }
}

/// What the report of a refused Origin says, or an empty text.
template <class Policy>
std::string explanation_of_origin(Policy& policy, const request& asked) {
  if constexpr (requires { policy.explain_origin(asked); }) {
    return policy.explain_origin(asked);
  } else {
    return {};
  }
}

}  // namespace detail

/// The decisions of a server's application about a valid request, called in this order:
///
/// - `allow_host`: whether the server serves request::host(); if not, the response is 421. Also
///   called for requests that are not upgrades.
/// - `allow_origin`: whether this page may connect; if not, the response is 403 unless the policy has another. The application
///   only gets requests that have passed both.
/// - `choose_subprotocol`: one of those that the request offers, in the same spelling, or an empty
///   text for none.
/// - `accept_extensions`: the value of Sec-WebSocket-Extensions in answer to these offers, which are in
///   the client's order, or an empty text for none. Use the first acceptable offer of an extension.
/// - `extra_headers`: fields to add to the response, except those that the handshake writes.
///
/// A policy may have:
///
/// - `bool requires_subprotocol()`: if it returns true and none is chosen, the response is 400.
/// - `response refuse_origin(const request&)`: the response if allow_origin() returns false, instead of 403.
/// - `std::string explain_origin(const request&)`: what incident::subject says then.
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
  /// The pages that may connect besides those of `allowed_origins`. An empty function: none.
  origin_check origin = same_origin;
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

  /// Pages that may connect, in addition to those that `origin` allows: `https://example.com`,
  /// `https://*.example.com`; see is_listed_origin() for the other forms.
  std::vector<std::string> allowed_origins = {};

  /// Whether clients without an Origin may connect, if `origin` allows them or is empty. They are not
  /// browsers. With `false` they are refused before `origin` is called.
  bool allow_missing_origin = true;

  /// The response to pages and clients that may not connect for their Origin. Not set: 403 and a short text.
  /// One that is not sendable gives the client 500, which is reported.
  std::optional<response> origin_refusal = {};

  bool allow_host(const request& asked) const {
    if (!allowed_hosts.empty()) return is_listed_host(asked.host(), allowed_hosts);
    return !asked.is_from_loopback() || is_loopback_host(asked.host());
  }

  bool allow_origin(const request& asked) const {
    const auto page = asked.origin();
    if (!page) return allow_missing_origin && (!origin || origin(asked));
    return (origin && origin(asked)) || is_listed_origin(*page, allowed_origins);
  }

  response refuse_origin(const request&) const {
    return origin_refusal ? *origin_refusal : response_for(errc::origin_refused);
  }

  /// The refused Origin, the origin that counts as this server's own, and `allowed_origins`.
  std::string explain_origin(const request& asked) const {
    return detail::explain_origin(asked, allowed_origins);
  }

  std::string choose_subprotocol(const request& asked) const {
    const auto offered = asked.subprotocols();
    for (const auto& name : subprotocols) {
      if (std::find(offered.begin(), offered.end(), name) != offered.end()) return name;
    }
    return {};
  }

  bool requires_subprotocol() const noexcept { return require_subprotocol; }

  std::string accept_extensions(const extension_list&) const noexcept { return {}; }

  const header_fields& extra_headers(const request&) const noexcept { return headers; }
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

  handshake_offer make_offer() const noexcept {
    return {origin, subprotocols, {}, headers, user_agent, require_subprotocol};
  }

  bool accept_extensions(const extension_list& answer) const noexcept { return answer.empty(); }
};

static_assert(client_policy<default_client_policy>);

}  // namespace hawser
