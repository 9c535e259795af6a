// SPDX-License-Identifier: BSL-1.0
#include <cstdio>

#include <asio/io_context.hpp>

#include "hawser/asio.hpp"

int main() {
  asio::io_context io;
  io.run();
  std::printf("hawser %s\n", hawser::version);
}
