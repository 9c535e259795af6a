// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "simulation/census.hpp"
#include "simulation/world.hpp"

namespace hawser::test {

/// Runs a world for each of `seeds` seeds, and checks that nothing was wrong, that what must happen
/// now and then did, except for `exceptions`, and that a seed has one story.
///
/// HAWSER_SIMULATION_SEEDS asks for another number, HAWSER_SIMULATION_SEED for that seed alone.
void simulate(std::string_view test, std::size_t seeds, const world::maker& client,
              const world::maker& server, std::initializer_list<rarity> exceptions = {});

}  // namespace hawser::test
