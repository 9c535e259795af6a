// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// Input in the pieces in which it arrives, each in memory of its own, so that sanitizers detect a read
/// beyond its end.
using pieces = std::vector<byte_vector>;

/// Pieces of `size` bytes.
inline pieces cut_evenly(const byte_vector& input, std::size_t size) {
  pieces cut;
  for (std::size_t at = 0; at < input.size(); at += size) {
    const auto end = (std::min)(at + size, input.size());
    cut.emplace_back(input.begin() + static_cast<std::ptrdiff_t>(at),
                     input.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return cut;
}

/// Two pieces, the first of `size` bytes.
inline pieces cut_at(const byte_vector& input, std::size_t size) {
  const auto middle = input.begin() + static_cast<std::ptrdiff_t>(size);
  return {byte_vector{input.begin(), middle}, byte_vector{middle, input.end()}};
}

/// Pieces of random sizes, most of them short.
inline pieces cut_at_random(const byte_vector& input, std::uint32_t seed) {
  std::mt19937 random{seed};
  pieces cut;
  for (std::size_t at = 0; at < input.size();) {
    const std::size_t most = random() % 4 == 0 ? 5000 : 9;
    const auto end = (std::min)(at + random() % most, input.size());
    cut.emplace_back(input.begin() + static_cast<std::ptrdiff_t>(at),
                     input.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  return cut;
}

/// Runs `body`, which takes pieces and returns a result, with the input in one piece, byte by byte
/// and in random cuts. The result must be the same for all of them, and is returned.
template <class Body>
auto under_segmentations(const byte_vector& input, Body body) {
  const auto whole = body(pieces{input});
  {
    INFO("byte by byte");
    REQUIRE(body(cut_evenly(input, 1)) == whole);
  }
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    INFO("cut at random, seed " << seed);
    REQUIRE(body(cut_at_random(input, seed)) == whole);
  }
  return whole;
}

}  // namespace hawser::test
