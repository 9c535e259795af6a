// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdlib>

#include "support/sanitized.hpp"

namespace hawser::test {

/// The size of a test of Action Cable: `full` if HAWSER_CABLE_FULL is set, see docs/testing.md. Otherwise `usual`, and a
/// fifth of it with a sanitizer.
inline std::size_t full_or(std::size_t full, std::size_t usual) {
  if (std::getenv("HAWSER_CABLE_FULL") != nullptr) return full;
  return sanitized ? usual / 5 : usual;
}

}  // namespace hawser::test
