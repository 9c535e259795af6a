// SPDX-License-Identifier: BSL-1.0
// Refused: on_failed wants void(const connect_error&), or void(std::error_code, const std::optional<response>&)
// Lines: 10
#include "hawser/asio/client.hpp"

void refused(hawser::client& client) {
#ifdef COMPLETE
  client.on_failed([](std::error_code, const std::optional<hawser::response>&) {});
#else
  client.on_failed([](std::error_code) {});
#endif
}
