// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace hawser::cable {

struct broadcast_options {
  /// The connection::id() of a connection of this process that does not get the message. 0: all get it.
  std::uint64_t except = 0;
};

}  // namespace hawser::cable
