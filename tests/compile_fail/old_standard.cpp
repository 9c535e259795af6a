// SPDX-License-Identifier: BSL-1.0
// Refused: hawser needs C++20: -std=c++20
// With: -std=c++17
// Lines: 8
#include "hawser/asio.hpp"
#include "hawser/hawser.hpp"
