// SPDX-License-Identifier: BSL-1.0
// Refused: on_error wants void(std::exception_ptr)
// Lines: 10
#include "hawser/asio/threaded_server.hpp"

void refused(hawser::threaded_server& server) {
#ifdef COMPLETE
  server.on_error([](std::exception_ptr) {});
#else
  server.on_error([](std::error_code) {});
#endif
}
