// SPDX-License-Identifier: BSL-1.0
// Refused: on_http wants void(http_request&) or response(const request&)
// Lines: 10
#include "hawser/asio/server.hpp"

void refused(hawser::server& server) {
#ifdef COMPLETE
  server.on_http([](const hawser::request&) { return hawser::response{.status = 200}; });
#else
  server.on_http([](const hawser::request&) { return 200; });
#endif
}
