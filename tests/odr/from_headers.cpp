// SPDX-License-Identifier: BSL-1.0
#include "echo.hpp"

#if defined(HAWSER_COMPILED)
#error "This unit is to compile the drivers itself"
#endif

bool echoes_from_headers() { return echoes(); }
