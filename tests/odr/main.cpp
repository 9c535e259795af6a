// SPDX-License-Identifier: BSL-1.0
#undef NDEBUG
#include "facts.hpp"

int main() { return without_assertions() == facts_here() ? 0 : 1; }
