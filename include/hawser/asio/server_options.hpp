// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hawser/asio/http_request.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/send_budget.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/options.hpp"

namespace hawser {

/// The listener that a server has from the beginning; listen() adds more.
enum class first_listener : std::uint8_t {
  own,   ///< On `address` and `port`: for ws:, or for wss: in a tls_server
  none,  ///< None: `address` and `port` are ignored
};

/// The options of a server. Each route begins with a copy of those that route_options has, too: change them
/// by route::options().
struct server_options {
  /// The IP address to listen on; `0.0.0.0` or `::` for all. Default: this machine only. A name,
  /// such as `localhost`, is errc::bad_listen_address.
  std::string address = "127.0.0.1";

  std::uint16_t port = 0;  ///< 0: any free port, see port()

  first_listener listener = first_listener::own;

  /// The number of threads that run() uses; each connection stays on one of them. 0: one per processor.
  std::size_t threads = 1;

  /// The limit of connections. Over the limit, clients get 503; with TLS the connection is closed
  /// without a response, to save the handshake. Zero: no limit.
  std::size_t max_connections = 100'000;
  /// The same limit per address: an IPv4 address, also if it is IPv4-mapped, or an IPv6 /64, which
  /// usually belongs to one customer. 0: no limit.
  std::size_t max_connections_per_address = 0;

  /// How many bytes all connections together may store: unfinished messages, decoded ones too, input that is
  /// not processed yet, queued output, messages queued by other threads, requests. A `prepared_message`
  /// that several sessions have queued counts about once. What an idle connection occupies does not count:
  /// TLS, the contexts of compression, less than 1 KiB of anything else.
  ///
  /// The session or the opening handshake that exceeds the budget ends, in that call, those that store the
  /// most, until the others store 15/16 of it: sessions with close code 1013, or without a Close frame if
  /// more than 64 KiB wait to be written to the peer, and errc::memory_exceeded for on_close; handshakes
  /// by closing the connection. A session whose thread is busy releases its memory when that thread runs it
  /// next. If all of them, these included, exceed the budget by more than an eighth, what stores more is ended
  /// too. While the budget is exceeded, new clients get 503, or with TLS are dropped. Each thread may exceed
  /// these limits by what one turn of one session stores. Zero: no limit.
  std::size_t memory_budget = 1024 * 1024 * 1024;

  /// Which pages may connect (default: the same origin, and clients without an Origin), the
  /// subprotocols, and additional header fields of the response.
  default_server_policy handshake = {};

  /// The reverse proxies whose X-Forwarded fields count: addresses, networks such as `10.0.0.0/8`, or `unix`
  /// for all clients of Unix sockets. They decide the same origin: client_scheme(), client_host(). Each must
  /// set these fields itself, or remove those that clients send. Default: none. An entry that is not valid is
  /// a std::invalid_argument.
  std::vector<std::string> trusted_proxies = {};

  head_limits limits = {};

  /// The longest duration of all handshakes of a connection, including TLS. Zero: no limit.
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};
  connection_options connection = {};
  send_budget budget = {};
  request_lifetime keep_request = request_lifetime::session;

  /// An extension that clients may negotiate, for example permessage_deflate. Empty: none.
  any_negotiator extension = {};

  http_options http = {};  ///< For requests that on_http answers
};

namespace detail {

/// The options with which a route of a server begins.
inline route_options route_options_of(const server_options& options) {
  return {.handshake = options.handshake,
          .connection = options.connection,
          .budget = options.budget,
          .keep_request = options.keep_request,
          .extension = options.extension};
}

}  // namespace detail

}  // namespace hawser
