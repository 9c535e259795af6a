// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "simulation/opening_peers.hpp"
#include "simulation/peer.hpp"
#include "simulation/simulate.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// Functions that make both sides. The first one also makes the plan.
template <class Client, class Server>
void simulate_opening(std::string_view test, std::size_t seeds, std::vector<rarity> never = {}) {
  const auto plan = std::make_shared<std::shared_ptr<const opening_plan>>();
  const auto client = [plan](role, surroundings& around, const connection_options& options) {
    *plan = std::make_shared<const opening_plan>(around.random);
    return std::make_unique<Client>(*plan, around, options);
  };
  const auto server = [plan](role, surroundings& around, const connection_options& options) {
    return std::make_unique<Server>(*plan, around, options);
  };
  simulate(test, seeds, client, server, {{scene::any, scene::opening}, std::move(never)});
}

TEST_CASE("two opening handshakes agree, or both end with a cause",
          "[rfc-4.1][simulation][opening]") {
  simulate_opening<opening_core_peer<role::client>, opening_core_peer<role::server>>(
      "two opening handshakes agree, or both end with a cause", 4'000);
}

TEST_CASE("an async_websocket and a connection agree in the opening handshake, or both end",
          "[rfc-4.2][simulation][opening]") {
  simulate_opening<opening_core_peer<role::client>,
                   opening_websocket_peer<role::server, calling::direct>>(
      "an async_websocket and a connection agree in the opening handshake, or both end", 1'000,
      {rarity::decided_later});
}

TEST_CASE("a blocking client agrees with a connection in the opening handshake, or both end",
          "[rfc-4.1][simulation][opening]") {
  simulate_opening<opening_blocking_peer<role::client>, opening_core_peer<role::server>>(
      "a blocking client agrees with a connection in the opening handshake, or both end", 2'000,
      {rarity::ping_not_answered, rarity::frames_behind_handshake});
}

TEST_CASE("a blocking server agrees with a connection in the opening handshake, or both end",
          "[rfc-4.2][simulation][opening]") {
  simulate_opening<opening_core_peer<role::client>, opening_blocking_peer<role::server>>(
      "a blocking server agrees with a connection in the opening handshake, or both end", 2'000,
      {rarity::ping_not_answered, rarity::decided_later});
}

TEST_CASE("a server and an async_websocket agree in the opening handshake, or both end",
          "[rfc-4.1][simulation][opening]") {
  simulate_opening<opening_websocket_peer<role::client, calling::waits>,
                   opening_session_peer<calling::direct>>(
      "a server and an async_websocket agree in the opening handshake, or both end", 1'000,
      {rarity::frames_behind_handshake, rarity::origin_refused, rarity::opening_truncated});
}

}  // namespace
