// SPDX-License-Identifier: BSL-1.0
// Refused: connection
// Lines: 10
#include "hawser/asio/server.hpp"

auto refused() {
#ifdef COMPLETE
  return hawser::server_options{.route = {.connection = {}}};
#else
  return hawser::server_options{.connection = {}};
#endif
}
