// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/options.hpp"
#include "simulation/census.hpp"
#include "simulation/peer.hpp"
#include "simulation/world.hpp"

namespace hawser::test {

/// The rarities that a simulation must see: all that can happen in these scenes, except `never`.
struct expectations {
  std::vector<scene> scenes = {scene::any};
  std::vector<rarity> never = {};
};

/// Makes a side of a world: the client is number 0, the server number 1.
template <class Peer>
std::unique_ptr<peer> side(role own_role, surroundings& around, const connection_options& options) {
  return std::make_unique<Peer>(own_role, own_role == role::client ? 0U : 1U, around, options);
}

/// Runs a world for each of `seeds` seeds. Checks that there was no error, that the expected rarities
/// happened, and that a seed always gives the same run.
///
/// HAWSER_SIMULATION_SEEDS sets another number of seeds, HAWSER_SIMULATION_SEED runs only that seed.
void simulate(std::string_view test, std::size_t seeds, const world::maker& client,
              const world::maker& server, const expectations& expected = {});

}  // namespace hawser::test
