// SPDX-License-Identifier: BSL-1.0
#pragma once

// One line instead of hundreds where a compiler is set to an older C++. The umbrella headers, and the
// headers that the others stand on, include this before anything else.

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 202002L
#error "hawser needs C++20: -std=c++20, /std:c++20, or target_compile_features(... cxx_std_20)"
#endif
