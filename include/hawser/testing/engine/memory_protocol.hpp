// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <asio/ip/tcp.hpp>

#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/plain_streams.hpp"
#include "hawser/testing/network.hpp"

namespace hawser::testing {

struct memory_protocol;

/// Where a server listens in memory: `server.listen(memory_endpoint{…})`, as world::serve() does.
struct memory_endpoint {
  using protocol_type = memory_protocol;

  network* in;
  asio::ip::tcp::endpoint where;  ///< The address that the server has for its connections

  std::uint16_t port() const noexcept { return where.port(); }
};

struct memory_protocol {
  using endpoint = memory_endpoint;
};

}  // namespace hawser::testing

namespace hawser::detail {

/// A listener in memory, for a server on the context of a world. `make` is not inline, so that a program can link a
/// compiled one, and is defined in memory_listener.hpp.
template <class Threads>
struct listener_maker<testing::memory_protocol, Threads, plain_streams> {
  using endpoint = testing::memory_endpoint;

  static std::pair<std::shared_ptr<listener_base>, endpoint> make(
      const endpoint& where, const std::shared_ptr<Threads>& threads,
      std::shared_ptr<const opening_settings> settings, std::shared_ptr<connection_places> places,
      plain_streams);
};

}  // namespace hawser::detail
