// SPDX-License-Identifier: BSL-1.0
#include "echo.hpp"

#if !defined(HAWSER_COMPILED)
#error "hawser::compiled defines it"
#endif

int main() { return echoes() && echoes_from_headers() ? 0 : 1; }
