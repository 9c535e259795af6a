// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/language.hpp"

#include <concepts>

// It brings no name of its own; tests/compile_fail/old_standard.cpp shows what it refuses.
static_assert(std::same_as<int, int>);
