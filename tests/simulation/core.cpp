// SPDX-License-Identifier: BSL-1.0
#include <memory>

#include "simulation/peer.hpp"
#include "simulation/simulate.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("two connections meet all requirements whatever the network does", "[simulation]") {
  const auto core = [](role self, surroundings& around, const connection_options& options) {
    return std::make_unique<core_peer>(self, self == role::client ? 0 : 1, around, options);
  };
  simulate("two connections meet all requirements whatever the network does", 10'000, core, core);
}

}  // namespace
