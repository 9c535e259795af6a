// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/language.hpp"

#include <asio/awaitable.hpp>

// The header declares nothing. tests/compile_fail/no_coroutines.cpp and no_exceptions.cpp test its errors.
static_assert(sizeof(asio::awaitable<void>) > 0);
