// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/client/consumer_core.hpp"
#include "hawser/cable/client/consumer_state.hpp"

namespace hawser::cable::detail {

template struct consumer_maker<consumer_core>;

}  // namespace hawser::cable::detail
