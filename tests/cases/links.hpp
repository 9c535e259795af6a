// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "cases/examiner.hpp"
#include "cases/run.hpp"
#include "hawser/asio/client_options.hpp"
#include "hawser/asio/connect_options.hpp"
#include "support/driven_client.hpp"
#include "support/sockets.hpp"

namespace hawser::test {

/// How a client of the library connects.
inline connect_options connecting() {
  return {.connection = endpoint_options(), .extension = endpoint_deflate()};
}

/// Runs an echo client on an event loop.
template <class Client, class... Context>
void run_client(const std::string& url, Context... context) {
  asio::io_context io{1};
  client_options options{.url = url, .reconnect = {}};
  options.connection = endpoint_options();
  options.extension = endpoint_deflate();
  Client peer{io, options, context...};
  peer.on_message([](auto& session, auto message) { session.send(message); });
  peer.start();
  io.run();
}

/// A socket on which the system sends each write at once, where it can.
inline raw_socket unbuffered(raw_socket link) {
  link.socket().set_option(tcp::no_delay{true});
  return link;
}

/// Connects an examiner to the server at that port. `wrap(socket, role)` makes a link, plain or with TLS.
template <class Wrap>
void examine_server(examiner& by, std::uint16_t port, Wrap wrap) {
  auto link = wrap(unbuffered(raw_socket{port}), role::client);
  examine(by, link);
}

/// Connects an examiner to a client: `run(port)` connects there and returns when the connection has ended.
template <class Run, class Wrap>
void examine_client(examiner& by, Run run, Wrap wrap) {
  stage here;
  std::thread client{[&] { run(here.port()); }};
  {
    auto link = wrap(unbuffered(here.accept()), role::server);
    examine(by, link);
  }
  client.join();
}

/// Without TLS.
inline raw_socket plain(raw_socket link, role) { return link; }

}  // namespace hawser::test
