// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The version of hawser, for the preprocessor: major * 10000 + minor * 100 + patch.
#define HAWSER_VERSION 100

namespace hawser {

/// The version as text, the same as that of the CMake package.
inline constexpr const char* version = "0.1.0";

}  // namespace hawser
