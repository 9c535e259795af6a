// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/options.hpp"

namespace hawser {

/// What a threaded_server listens on and allows.
struct threaded_server_options {
  /// The address to listen on; `0.0.0.0` or `::` for all. Only this machine unless set otherwise.
  std::string address = "127.0.0.1";

  std::uint16_t port = 0;  ///< 0: any free one, see port()

  /// The most connections, each with a thread, handshakes included. Further clients get 503, or with TLS,
  /// where an answer would cost a handshake first, are dropped. Zero: no limit.
  std::size_t max_connections = 1024;

  /// Who may connect (by default pages of the same origin, and who sends no Origin), subprotocols and
  /// further headers of the answer.
  default_server_policy handshake = {};

  head_limits limits = {};

  /// All handshakes of a connection, TLS included, may take this long. Zero: without end.
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};
  connection_options connection = {};

  /// An extension that clients may use if they offer it: permessage_deflate, for example.
  any_negotiator extension = {};
};

/// What lies between the sockets and the connections of a threaded_server: here nothing, elsewhere TLS.
struct no_layer {
  /// Whether a client understands what is written to its socket before open().
  static constexpr bool is_plain = true;

  template <class Stream>
  Stream wrap(Stream socket) const {
    return socket;
  }

  /// Makes what wrap() gave ready for use, on the connection's thread, until `until`.
  template <class Stream>
  void open(Stream&, std::chrono::steady_clock::time_point, std::error_code& ec) const {
    ec.clear();
  }
};

}  // namespace hawser
