// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace hawser::cable {

/// The counters of a cable server, of this process.
struct server_statistics {
  std::size_t connections = 0;    ///< That are open, or whose last functions run
  std::size_t subscriptions = 0;  ///< Of all connections
  std::size_t streams =
      0;  ///< Names that are subscribed at the broker, those of remote disconnects too
  std::uint64_t commands = 0;  ///< That were executed, also malformed ones
  std::uint64_t faults = 0;    ///< What on_error has got or would have got
};

}  // namespace hawser::cable
