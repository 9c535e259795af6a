// SPDX-License-Identifier: BSL-1.0
#undef NDEBUG
#include "facts.hpp"

facts with_assertions() { return facts_here(); }
