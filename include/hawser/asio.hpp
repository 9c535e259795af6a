// SPDX-License-Identifier: BSL-1.0
#pragma once

// All of hawser that needs Asio, and what it stands on.

#include "hawser/hawser.hpp"
