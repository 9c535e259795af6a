// SPDX-License-Identifier: BSL-1.0
// Refused: this handler must be copyable, take these arguments and have exactly this result
// Lines: 10
#include "hawser/asio/connect_options.hpp"

hawser::connect_options refused() {
#ifdef COMPLETE
  return {.proxy = [](const hawser::uri&) { return hawser::proxy{}; }};
#else
  return {.proxy = [](const hawser::uri&) { return 3128; }};
#endif
}
