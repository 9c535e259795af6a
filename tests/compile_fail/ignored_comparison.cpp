// SPDX-License-Identifier: BSL-1.0
// Refused: ignoring return value
// With: -Werror=unused-result
#include "hawser/base/constant_time_equal.hpp"

void refused(std::string_view token) { hawser::constant_time_equal(token, "secret"); }
