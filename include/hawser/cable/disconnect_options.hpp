// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>

namespace hawser::cable {

/// How server::disconnect() ends connections.
struct disconnect_options {
  bool reconnect = true;  ///< Whether the clients may connect again by themselves

  /// The connection::id() of a connection of this process that stays. 0: none.
  std::uint64_t except = 0;
};

/// How server::shutdown() ends connections.
struct cable_shutdown_options {
  /// The connections are closed one after the other in this time. Zero: all at once.
  std::chrono::steady_clock::duration grace = {};
};

}  // namespace hawser::cable
