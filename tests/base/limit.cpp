// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/limit.hpp"

#include <cstddef>
#include <cstdint>

using namespace hawser;

static_assert(limit_of(std::size_t{0}) == static_cast<std::size_t>(-1));
static_assert(limit_of(std::uint64_t{0}) == static_cast<std::uint64_t>(-1));
static_assert(limit_of(std::uint64_t{1}) == 1);
