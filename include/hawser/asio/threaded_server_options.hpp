// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/options.hpp"

namespace hawser {

/// The options of a threaded_server.
struct threaded_server_options {
  /// The IP address to listen on; `0.0.0.0` or `::` for all. Default: this machine only. A name, such as
  /// `localhost`, is errc::bad_listen_address.
  std::string address = "127.0.0.1";

  std::uint16_t port = 0;  ///< 0: any free port, see port()

  /// The limit of connections, each with a thread, including handshakes. Over the limit, clients get
  /// 503; with TLS the connection is closed without a response, to save the handshake. Zero: no limit.
  std::size_t max_connections = 1024;
  /// The same limit per address: an IPv4 address, also if it is IPv4-mapped, or an IPv6 /64, which
  /// usually belongs to one customer. 0: no limit.
  std::size_t max_connections_per_address = 0;

  /// How many bytes all connections together may store: unfinished messages, decoded ones too, what their
  /// threads are writing, requests. What an idle connection occupies does not count: its thread, a read
  /// buffer, TLS, the contexts of compression, less than 1 KiB of anything else.
  ///
  /// The connection that exceeds the budget ends, in that call, those that store the most, until the others
  /// store 15/16 of it: with close code 1013, or without a Close frame if more than 64 KiB wait to be written
  /// to the peer, and errc::memory_exceeded as the error of close_reason(); an opening handshake with 503 when
  /// it reads next. While the budget is exceeded, new clients get 503, or with TLS are dropped. Each thread may
  /// exceed these limits by what one read stores, a decoded message of `max_message_size` at most. Zero: no
  /// limit.
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

  /// An extension that clients may negotiate, for example permessage_deflate. Empty: none.
  any_negotiator extension = {};
};

/// The layer between the sockets and the connections of a threaded_server; this one is empty,
/// another one is TLS.
struct no_layer {
  /// Whether a client can read what is written to its socket before open().
  static constexpr bool is_plain = true;

  template <class Stream>
  Stream wrap(Stream socket) const {
    return socket;
  }

  /// Prepares the result of wrap(), on the connection's thread, at most until the given time.
  template <class Stream>
  void open(Stream&, std::chrono::steady_clock::time_point, std::error_code& ec) const {
    ec.clear();
  }
};

}  // namespace hawser
