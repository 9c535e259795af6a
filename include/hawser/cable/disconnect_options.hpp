// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace hawser::cable {

/// How server::disconnect() ends connections.
struct disconnect_options {
  bool reconnect = true;  ///< Whether the clients may connect again by themselves

  /// The connection::id() of a connection of this process that stays. 0: none.
  std::uint64_t except = 0;
};

}  // namespace hawser::cable
