// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <asio/ip/tcp.hpp>

#include "cases/examiner.hpp"
#include "cases/run.hpp"
#include "support/driven_client.hpp"
#include "support/sockets.hpp"

namespace hawser::test {

/// A socket on which each write is sent at once, as far as the system lets it.
inline raw_socket unbuffered(raw_socket link) {
  link.socket().set_option(tcp::no_delay{true});
  return link;
}

/// Joins an examiner to the server at that port. `wrap(socket, role)` makes a link, itself or with TLS.
template <class Wrap>
void examine_server(examiner& by, std::uint16_t port, Wrap wrap) {
  auto link = wrap(unbuffered(raw_socket{port}), role::client);
  examine(by, link);
}

/// Joins an examiner to a client: `run(port)` connects there and returns when the connection is over.
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
