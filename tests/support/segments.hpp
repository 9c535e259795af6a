// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "support/bytes.hpp"

namespace hawser::test {

/// One way in which a text can arrive.
using segments = std::vector<std::string>;

/// All at once, one byte at a time, and in random cuts that are the same in each run.
inline std::vector<segments> segmentations(std::string_view text) {
  std::vector<segments> ways{{std::string{text}}, {}};
  for (std::size_t i = 0; i < text.size(); ++i) ways[1].emplace_back(text.substr(i, 1));
  std::mt19937 random{6455};
  for (const std::size_t most : {3U, 3U, 20U, 20U, 200U}) {
    segments& cuts = ways.emplace_back();
    for (auto rest = text; !rest.empty();) {
      const auto size = (std::min)(rest.size(), std::size_t{random() % most + 1});
      cuts.emplace_back(rest.substr(0, size));
      rest.remove_prefix(size);
    }
  }
  return ways;
}

/// Gives a handshake a text at once.
template <class Handshake>
typename Handshake::status give(Handshake& handshake, std::string_view text) {
  auto input = as_bytes(text);
  return handshake.next(input);
}

/// Passes the segments to `machine`, each in temporary memory of its own, until next() returns another
/// status than `waiting`. Returns the bytes that the machine left.
template <class Machine, class Status>
std::string feed(Machine& machine, const segments& arriving, Status waiting) {
  std::string left;
  for (const auto& segment : arriving) {
    const auto memory = bytes(segment);
    bytes_view input{memory};
    if (left.empty() && machine.next(input) == waiting && !input.empty()) return "not taken";
    left += as_text(input);
  }
  return left;
}

}  // namespace hawser::test
