// SPDX-License-Identifier: BSL-1.0
#include <cstdio>

#include "hawser/asio.hpp"

int main() {
  hawser::threaded_server_options options;
  options.port = 0;
  const hawser::threaded_server server{options};
  std::printf("hawser %s could listen on port %d\n", hawser::version, int{server.port()});
}
