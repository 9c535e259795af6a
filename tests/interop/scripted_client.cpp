// SPDX-License-Identifier: BSL-1.0
// scripted_client URL [KEEP_ALIVE_MS]: offers the subprotocols `other` and `script`, does what the
// server tells it, and prints how the connection ends.
#include <iostream>

#include <hawser/asio.hpp>

#include "commands.hpp"

int main(int argc, char** argv) try {
  if (argc < 2) return 1;
  hawser::connect_options options;
  options.handshake.subprotocols = {"other", "script"};
  if (argc > 2) set_keep_alive(options.connection, argv[2]);

  auto peer = hawser::connect(argv[1], options);
  std::cout << "subprotocol " << peer.subprotocol() << std::endl;
  follow(peer);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
