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

/// What a simulation must have seen: all that can happen in these scenes, but for `never`.
struct expectations {
  std::vector<scene> scenes = {scene::any};
  std::vector<rarity> never = {};
};

/// Makes a side of a world: the client is number 0, the server number 1.
template <class Peer>
std::unique_ptr<peer> side(role self, surroundings& around, const connection_options& options) {
  return std::make_unique<Peer>(self, self == role::client ? 0U : 1U, around, options);
}

/// Runs a world for each of `seeds` seeds, and checks that nothing was wrong, that what must happen
/// now and then did, and that a seed has one story.
///
/// HAWSER_SIMULATION_SEEDS asks for another number, HAWSER_SIMULATION_SEED for that seed alone.
void simulate(std::string_view test, std::size_t seeds, const world::maker& client,
              const world::maker& server, const expectations& expected = {});

}  // namespace hawser::test
