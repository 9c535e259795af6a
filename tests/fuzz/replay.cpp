// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

// Runs the inputs of a corpus, one per line in hexadecimal digits, and variants of each with a few changes.
// It needs no fuzzer, and each run is the same.

namespace {

using input = std::vector<std::uint8_t>;

input from_hex(const std::string& line) {
  input made;
  for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
    made.push_back(static_cast<std::uint8_t>(std::stoul(line.substr(i, 2), nullptr, 16)));
  }
  return made;
}

/// In memory of its own, so that sanitizers detect a read beyond its end.
void run(const input& some) { LLVMFuzzerTestOneInput(some.data(), some.size()); }

std::size_t run_with_changes(const input& seed) {
  run(seed);
  std::size_t count = 1;
  std::uint32_t random = 2'463'534'242;
  for (int change = 0; change < 100 && !seed.empty(); ++change, ++count) {
    random = random * 1'664'525 + 1'013'904'223;
    auto changed = seed;
    const auto at = random >> 8 & 0xFFFF;
    if (change % 4 == 0) {
      changed.resize(at % (seed.size() + 1));
    } else {
      changed[at % seed.size()] = static_cast<std::uint8_t>(random >> 24);
    }
    changed.shrink_to_fit();
    run(changed);
  }
  return count;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t runs = 0;
  for (int i = 1; i < count; ++i) {
    std::ifstream file{arguments[i]};
    for (std::string line; std::getline(file, line);) runs += run_with_changes(from_hex(line));
  }
  std::printf("%zu inputs\n", runs);
  return runs == 0 ? 1 : 0;
}
