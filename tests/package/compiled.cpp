// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <system_error>

#include "hawser/asio.hpp"

#if !defined(HAWSER_COMPILED)
#error "hawser::compiled defines it"
#endif

int main() {
  const hawser::server server{hawser::server_options{}};
  std::error_code ec;
  const auto peer = hawser::connect("ws://127.0.0.1:1/", ec);
  std::printf("hawser %s could listen on port %d\n", hawser::version, int{server.port()});
  return peer ? 1 : 0;
}
