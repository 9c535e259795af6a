// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/redis/address.hpp"
#include "hawser/redis/link/stream.hpp"

namespace hawser::detail {

/// Where Redis is, and what lies between the sockets and its protocol.
struct redis_destination {
  redis_address where;
  redis_wrapper wrap;
};

}  // namespace hawser::detail
