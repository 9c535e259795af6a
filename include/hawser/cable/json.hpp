// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/json/json.hpp"

namespace hawser::cable {

// Action Cable's texts are JSON within limits, as those of other layers.
using hawser::is_json;
using hawser::json;
using hawser::json_limits;
using hawser::parse_json;
using hawser::to_text;

}  // namespace hawser::cable
