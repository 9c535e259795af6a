// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

namespace hawser::cable {

/// How server::shutdown() ends connections.
struct cable_shutdown_options {
  /// The connections are closed one after the other in this time. Zero: all at once.
  std::chrono::steady_clock::duration grace = {};
};

}  // namespace hawser::cable
