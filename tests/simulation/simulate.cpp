// SPDX-License-Identifier: BSL-1.0
#include "simulation/simulate.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "simulation/census.hpp"
#include "simulation/world.hpp"
#include "support/catch.hpp"
#include "support/heap.hpp"
#include "support/sanitized.hpp"

namespace hawser::test {

namespace {

// The most memory that two sides, the network and their records may use at once, including what threads
// keep for the next connection.
constexpr std::size_t most_memory = 8 * 1024 * 1024;
constexpr std::size_t most_kept = 2 * 1024 * 1024;

std::size_t number_from(const char* variable, std::size_t otherwise) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

run_result run_one(std::uint64_t seed, const world::maker& client, const world::maker& server) {
  const auto one = std::make_unique<world>(seed);
  return one->run(client, server);
}

/// The error of one seed, or an empty string.
std::string try_seed(std::uint64_t seed, const world::maker& client, const world::maker& server,
                     census& all) {
  const heap_meter meter;
  auto result = run_one(seed, client, server);
  all += result.seen;
  const auto most = meter.most();
  const auto held = meter.held();
  if (most > most_memory) result.broken += " took " + std::to_string(most) + " bytes";
  if (held > most_kept) result.broken += " kept " + std::to_string(held) + " bytes";
  return result.broken;
}

}  // namespace

void simulate(std::string_view test, std::size_t seeds, const world::maker& client,
              const world::maker& server, const expectations& expected) {
  const auto only = number_from("HAWSER_SIMULATION_SEED", 0);
  seeds = number_from("HAWSER_SIMULATION_SEEDS", sanitized ? seeds / 5 : seeds);
  const std::uint64_t first = only == 0 ? 1 : only;
  const std::uint64_t last = only == 0 ? seeds : only;
  census all;
  for (auto seed = first; seed <= last; ++seed) {
    const auto broken = try_seed(seed, client, server, all);
    if (broken.empty()) continue;
    FAIL("seed " << seed << ": " << broken << "\nAgain: HAWSER_SIMULATION_SEED=" << seed
                 << " simulation_tests '" << test << "'");
  }
  CHECK(run_one(first, client, server).story == run_one(first, client, server).story);
  std::cout << test << ": " << last - first + 1 << " seeds\n" << all.shown(expected.scenes);
  if (only != 0) return;
  const auto has = [](const auto& list, auto one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  };
  for (std::size_t i = 0; i < rarity_facts.size(); ++i) {
    const auto what = static_cast<rarity>(i);
    if (!has(expected.scenes, rarity_facts[i].where) || has(expected.never, what)) continue;
    INFO("never: " << rarity_facts[i].name);
    CHECK(all.count(what) != 0);
  }
}

}  // namespace hawser::test
