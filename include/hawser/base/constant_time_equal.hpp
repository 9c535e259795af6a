// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <string_view>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// Compares a secret with what a peer sent: a token, a password, a signature. The time depends on the
/// sizes alone, so a peer learns nothing about how many bytes are right. Different sizes are unequal
/// at once: where the size is secret too, compare digests of both.
[[nodiscard]] inline bool constant_time_equal(bytes_view left, bytes_view right) noexcept {
  if (left.size() != right.size()) return false;
  // A volatile object, which the compiler cannot examine, prevents an early return.
  volatile unsigned difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference = difference | std::to_integer<unsigned>(left[i] ^ right[i]);
  }
  return difference == 0;
}

/// The same for text.
[[nodiscard]] inline bool constant_time_equal(std::string_view left,
                                              std::string_view right) noexcept {
  return constant_time_equal(as_bytes(left), as_bytes(right));
}

}  // namespace hawser
