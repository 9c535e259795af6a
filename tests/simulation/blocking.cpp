// SPDX-License-Identifier: BSL-1.0
#include <memory>

#include "simulation/blocking_peer.hpp"
#include "simulation/peer.hpp"
#include "simulation/simulate.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

// These rarities cannot happen here: one thread cannot read while it writes.
const expectations blocking{{scene::any, scene::blocking}, {rarity::ping_not_answered}};

TEST_CASE("a blocking client with a connection meets all requirements", "[simulation]") {
  simulate("a blocking client with a connection meets all requirements", 2'000, side<blocking_peer>,
           side<core_peer>, blocking);
}

TEST_CASE("a blocking server with a connection meets all requirements", "[simulation]") {
  simulate("a blocking server with a connection meets all requirements", 2'000, side<core_peer>,
           side<blocking_peer>, blocking);
}

}  // namespace
