// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/proxy_choice.hpp"
#include "hawser/handshake/redirect.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/options.hpp"

namespace hawser {

/// Finds the proxy for a connection, or says that it goes through none; nothing makes the connection
/// fail with errc::bad_proxy. What it throws comes out of connect(); a client reports it to on_error, and
/// its attempt has failed: with the code of a std::system_error, otherwise with errc::aborted.
using proxy_finder = std::function<std::optional<proxy>(const uri&)>;

/// Always the proxy that `url` spells: see proxy::decode().
inline proxy_finder through_proxy(std::string_view url) {
  return [found = proxy::decode(url)](const uri&) { return found; };
}

/// The proxy that the environment names at that moment: see choose_proxy().
inline std::optional<proxy> proxy_from_environment(const uri& where) {
  return choose_proxy(where, [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  });
}

/// More redirections than this are never followed.
inline constexpr unsigned most_redirects = 5;

/// What a client wants of its connection.
struct connect_options {
  /// Origin, subprotocols, User-Agent and further headers of the request.
  default_client_policy handshake = {};

  /// Whether the URL may hold `user:password@`, which is sent as basic authentication.
  uri::user_info credentials = uri::user_info::refuse;

  /// The value of the Cookie field: `name=value; other=value`. Empty: no such field.
  std::string cookie = {};

  /// How many redirections are followed, most_redirects at most. Zero: none. Never from wss: to ws:. Another
  /// server (another scheme, host or port) gets Origin and User-Agent, and nothing else of this
  /// request's but what safe_headers names: no credentials, no cookie, no further headers, no
  /// subprotocols.
  unsigned max_redirects = 0;

  /// The names of header lines that a redirection may carry to another server: `Accept-Language`, for
  /// example. `Sec-WebSocket-Protocol` stands for the subprotocols, `Cookie` for the cookie.
  std::vector<std::string> safe_headers = {};

  /// Where to connect to instead of the URL's host and port: `127.0.0.1:9001`, `[::1]` or `backend`; a
  /// port left out is the URL's. Host, SNI and the verification of the certificate keep the URL's name.
  /// A redirection to another server connects where that one's URL says. A malformed one fails with
  /// errc::bad_uri. Empty: where the URL says.
  std::string connect_to = {};

  /// `through_proxy("socks5://…")` or proxy_from_environment, for example; asked for the place that is
  /// connected to (see connect_to). Empty: no proxy.
  proxy_finder find_proxy = {};

  head_limits limits = {};

  /// Finding the host and reaching one of its addresses may take this long. An address that does not
  /// answer soon is not waited for: the next ones are tried meanwhile. The system's resolver cannot be
  /// interrupted: one that is given up keeps a thread until it answers, and a client's context busy. Zero:
  /// without end.
  std::chrono::steady_clock::duration connect_timeout = std::chrono::seconds{10};

  /// All handshakes together, those of the proxy and of TLS included, may take this long. Zero: without end.
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};

  connection_options connection = {};

  /// An extension to offer: permessage_deflate, for example.
  any_negotiator extension = {};
};

/// Why connect() failed; if the server or a proxy refused, with its answer. what() names the URL
/// without user, password and query: see without_secrets().
class connect_error : public std::system_error {
 public:
  connect_error(std::error_code ec, std::string_view url, response answer)
      : std::system_error{ec, without_secrets(url)}, answer_{std::move(answer)} {}

  /// The answer, if code() is errc::upgrade_refused, proxy_refused or proxy_authentication.
  const response& answer() const noexcept { return answer_; }

 private:
  response answer_;
};

namespace detail {

/// The policy of a client's opening handshake.
using connect_policy = negotiating_client_policy<default_client_policy>;

/// Where a client is on its way to, and with what request, until a redirection changes both.
class destination {
 public:
  destination(uri where, const connect_options& options)
      : where_{std::move(where)},
        policy_{options.handshake},
        connect_to_{options.connect_to},
        safe_headers_{options.safe_headers},
        redirects_left_{(std::min)(options.max_redirects, most_redirects)} {
    if (!options.cookie.empty()) policy_.headers.add("Cookie", options.cookie);
  }

  const uri& where() const noexcept { return where_; }
  const default_client_policy& policy() const noexcept { return policy_; }

  /// where(), with the host and the port to connect to. Nothing if connect_to is malformed.
  std::optional<uri> place() const {
    return connect_to_.empty() ? std::optional{where_} : where_.at(connect_to_);
  }

  /// What a proxy gets to know of the request beside the place: RFC 9110 §10.1.5.
  header_fields proxy_headers() const {
    header_fields lines;
    const auto agent = policy_.headers.find("User-Agent").value_or(policy_.user_agent);
    if (!agent.empty()) lines.add("User-Agent", agent);
    return lines;
  }

  /// Goes where the answer leads. False if it leads nowhere, or too often.
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

/// The proxy for a connection as the options have it, or nothing if there is no telling.
inline std::optional<proxy> proxy_for(const uri& where, const connect_options& options) {
  return options.find_proxy ? options.find_proxy(where) : proxy{};
}

}  // namespace detail

}  // namespace hawser
