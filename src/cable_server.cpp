// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/server_engine.hpp"
#include "hawser/cable/server.hpp"

namespace hawser::cable::detail {

template struct server_calls<server_state>;

}  // namespace hawser::cable::detail
