// SPDX-License-Identifier: BSL-1.0
// Refused: hawser/asio needs coroutines: remove
// With: -UASIO_HAS_CO_AWAIT -DASIO_DISABLE_CO_AWAIT
#include "hawser/asio.hpp"
