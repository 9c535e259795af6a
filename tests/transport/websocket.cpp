// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/websocket.hpp"

#include <utility>

#include "hawser/frame/opcode.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "support/catch.hpp"
#include "support/far_end.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

// What it has in common with the other drivers is in tests/drivers.

namespace {

TEST_CASE("a websocket can be moved, and is dropped without a Close when it is destroyed") {
  const auto self = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  {
    websocket<memory_pipe> first{self, std::move(here)};
    auto second = std::move(first);
    far.say(frame_from(peer_of(self), opcode::text, "moved"));
    CHECK(second.read());
    CHECK_FALSE(far.over());
  }
  CHECK(far.over());
  CHECK(far.frames().empty());
}

}  // namespace
