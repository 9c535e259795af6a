// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <limits>

namespace hawser {

/// The largest value that a limit of the options allows. An option of zero means no limit.
template <std::unsigned_integral Number>
constexpr Number limit_of(Number option) noexcept {
  return option == 0 ? (std::numeric_limits<Number>::max)() : option;
}

}  // namespace hawser
