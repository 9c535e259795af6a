// SPDX-License-Identifier: BSL-1.0
#pragma once

// With an older C++ standard, the compiler then prints this one error instead of hundreds. The
// umbrella headers, and the headers that others are built on, include this one first. A file that does not
// exist ends the compilation, which #error alone does not do with every compiler.

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 202002L
#error "hawser needs C++20: -std=c++20, /std:c++20, or target_compile_features(... cxx_std_20)"
#include "hawser/base/needs-c++20"
#endif
