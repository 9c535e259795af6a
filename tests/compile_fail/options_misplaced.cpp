// SPDX-License-Identifier: BSL-1.0
// Refused: max_message_size
// Lines: 10
#include "hawser/asio/server.hpp"

auto refused() {
#ifdef COMPLETE
  return hawser::server_options{.connection = {.max_message_size = 100}};
#else
  return hawser::server_options{.max_message_size = 100};
#endif
}
