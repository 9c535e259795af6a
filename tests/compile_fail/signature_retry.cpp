// SPDX-License-Identifier: BSL-1.0
// Refused: have exactly this result
// Lines: 10
#include "hawser/asio/client_options.hpp"

void refused(hawser::client_options& options) {
#ifdef COMPLETE
  options.retry = [](std::error_code, const auto&) { return false; };
#else
  options.retry = [](std::error_code, const auto&) {};
#endif
}
