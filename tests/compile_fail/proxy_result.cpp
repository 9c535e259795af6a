// SPDX-License-Identifier: BSL-1.0
// Refused: this handler must be copyable, take these arguments and have exactly this result
// Lines: 10
#include "hawser/asio/connect_options.hpp"

void refused(hawser::connect_options& options) {
#ifdef COMPLETE
  options.proxy = [](const hawser::uri&) { return hawser::proxy{}; };
#else
  options.proxy = [](const hawser::uri&) { return 3128; };
#endif
}
