// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/language.hpp"

#include <asio/awaitable.hpp>

// It brings no name of its own; tests/compile_fail/no_coroutines.cpp and no_exceptions.cpp show what it
// refuses.
static_assert(sizeof(asio::awaitable<void>) > 0);
