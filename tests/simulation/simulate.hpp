// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "simulation/census.hpp"
#include "simulation/world.hpp"

namespace hawser::test {

/// What a simulation must have seen: all that can happen in these scenes, but for `never`.
struct expectations {
  std::vector<scene> scenes = {scene::any};
  std::vector<rarity> never = {};
};

/// Runs a world for each of `seeds` seeds, and checks that nothing was wrong, that what must happen
/// now and then did, and that a seed has one story.
///
/// HAWSER_SIMULATION_SEEDS asks for another number, HAWSER_SIMULATION_SEED for that seed alone.
void simulate(std::string_view test, std::size_t seeds, const world::maker& client,
              const world::maker& server, const expectations& expected = {});

}  // namespace hawser::test
