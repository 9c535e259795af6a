// SPDX-License-Identifier: BSL-1.0
#include <memory>

#include "simulation/async_peers.hpp"
#include "simulation/peer.hpp"
#include "simulation/simulate.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("an async_websocket with a connection meets all requirements", "[simulation]") {
  simulate("an async_websocket with a connection meets all requirements", 2'000,
           side<websocket_peer<calling::waits>>, side<core_peer>);
}

TEST_CASE("an async_websocket over a socket with a connection meets all requirements",
          "[simulation]") {
  simulate("an async_websocket over a socket with a connection meets all requirements", 1'000,
           side<core_peer>, side<websocket_peer<calling::direct>>);
}

TEST_CASE("a session with a connection meets all requirements", "[simulation]") {
  simulate("a session with a connection meets all requirements", 1'000, side<core_peer>,
           side<session_peer<calling::direct>>);
}

TEST_CASE("a client's session with an async_websocket meets all requirements", "[simulation]") {
  simulate("a client's session with an async_websocket meets all requirements", 2'000,
           side<session_peer<calling::waits>>, side<websocket_peer<calling::direct>>);
}

}  // namespace
