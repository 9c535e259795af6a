// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace tools::cat {

/// The exit status, except that of wrong arguments, which is bad_usage.
enum class status : int {
  as_asked = 0,
  not_connected = 1,
  lost = 3,
  different = 4,  ///< From the recording
};

}  // namespace tools::cat
