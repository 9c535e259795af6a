// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hawser/asio/proxy_finder.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/http_tunnel.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/redirect.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/socks5_tunnel.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/options.hpp"

namespace hawser {

/// The upper limit of connect_options::max_redirects.
inline constexpr unsigned most_redirects = 5;

/// The options of a client's connection.
struct connect_options {
  /// The request's Origin, subprotocols, User-Agent and additional header fields.
  default_client_policy handshake = {};

  /// Whether the URL may contain `user:password@`, which is sent as basic authentication.
  uri::user_info credentials = uri::user_info::refuse;

  /// The value of the Cookie field: `name=value; other=value`. Empty: no such field.
  std::string cookie = {};

  /// How many redirections are followed, at most most_redirects. Zero: none. Never followed from wss: to
  /// ws:. Another server (another scheme, host or port) gets Origin and User-Agent, and otherwise only the
  /// fields named in safe_headers: no credentials, no cookie, no other fields, no subprotocols.
  unsigned max_redirects = 0;

  /// The names of header fields that may be sent to another server after a redirection, for example
  /// `Accept-Language`. `Sec-WebSocket-Protocol` allows the subprotocols, `Cookie` the cookie.
  std::vector<std::string> safe_headers = {};

  /// The host and port to connect to instead of the URL's: `127.0.0.1:9001`, `[::1]` or `backend`;
  /// without a port, that of the URL. Host, SNI and the verification of the certificate still use
  /// the URL's host. A redirection to another server connects to that server's URL. A malformed
  /// value fails with errc::bad_connect_to. Empty: the URL's.
  std::string connect_to = {};

  /// The proxy: a URL such as `http://user:password@proxy:3128` or `socks5://proxy`, proxy_from_environment,
  /// or another function, which gets the host and port to connect to (see connect_to). A URL that is not
  /// valid throws std::system_error when it is assigned. Empty: no proxy.
  proxy_finder proxy = {};

  head_limits limits = {};

  /// The longest time to resolve the host and to connect to one of its addresses. If an address
  /// does not answer soon, the next ones are tried in parallel. The system's resolver cannot be
  /// interrupted: after a timeout it still occupies a thread until it answers, and keeps a client's
  /// context busy. Zero: no limit.
  std::chrono::steady_clock::duration connect_timeout = std::chrono::seconds{10};

  /// The longest duration of all handshakes together, including those of the proxy and of TLS.
  /// Zero: no limit.
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};

  connection_options connection = {};

  /// An extension to offer, for example permessage_deflate. Empty: none.
  any_negotiator extension = {};
};

namespace detail {

/// The policy of a client's opening handshake.
using connect_policy = negotiating_client_policy<default_client_policy>;

/// The policy of a request with these options.
inline default_client_policy policy_of(const connect_options& options) {
  auto policy = options.handshake;
  if (!options.cookie.empty()) policy.headers.add("Cookie", options.cookie);
  return policy;
}

/// The server that a client connects to, and the request; a redirection changes both.
class destination {
 public:
  destination(uri where, const connect_options& options)
      : where_{std::move(where)},
        policy_{policy_of(options)},
        connect_to_{options.connect_to},
        safe_headers_{options.safe_headers},
        redirects_left_{(std::min)(options.max_redirects, most_redirects)} {}

  const uri& where() const noexcept { return where_; }
  const default_client_policy& policy() const noexcept { return policy_; }

  /// where(), with the host and the port to connect to. Nothing if connect_to is malformed.
  std::optional<uri> place() const {
    return connect_to_.empty() ? std::optional{where_} : where_.at(connect_to_);
  }

  /// The fields of the request that a proxy gets: RFC 9110 §10.1.5.
  header_fields proxy_headers() const {
    header_fields lines;
    const auto agent = policy_.headers.find("User-Agent").value_or(policy_.user_agent);
    if (!agent.empty()) lines.add("User-Agent", agent);
    return lines;
  }

  /// Follows the redirection in `answer`. Returns false if there is none, or if the limit is reached.
  bool follow(const response& answer) {
    if (redirects_left_ == 0) return false;
    auto there = redirection(where_, answer);
    if (!there) return false;
    --redirects_left_;
    if (!is_same_server(where_, *there)) {
      policy_ = for_another_server(std::move(policy_), safe_headers_);
      connect_to_.clear();
    }
    where_ = std::move(*there);
    return true;
  }

 private:
  uri where_;
  default_client_policy policy_;
  std::string connect_to_;
  std::vector<std::string> safe_headers_;
  unsigned redirects_left_;
};

/// Whether the proxy can be asked for a tunnel to this server.
inline bool is_usable(const proxy& via, const uri& where) {
  switch (via.kind) {
    case proxy_kind::none: return true;
    case proxy_kind::http: return http_tunnel{where, via}.error() == errc{};
    case proxy_kind::socks5: break;
  }
  return socks5_tunnel{where, via}.error() == errc{};
}

/// The proxy for a connection according to the options, or nothing if there is none that can be used.
inline std::optional<proxy> proxy_for(const uri& where, const connect_options& options) {
  if (!options.proxy) return proxy{};
  auto found = options.proxy(where);
  if (found && !is_usable(*found, where)) return std::nullopt;
  return found;
}

}  // namespace detail

}  // namespace hawser
