// SPDX-License-Identifier: BSL-1.0
#include <memory>

#include "simulation/peer.hpp"
#include "simulation/simulate.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("two connections meet all requirements whatever the network does", "[simulation]") {
  simulate("two connections meet all requirements whatever the network does", 10'000,
           side<core_peer>, side<core_peer>);
}

}  // namespace
