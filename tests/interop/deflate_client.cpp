// SPDX-License-Identifier: BSL-1.0
// deflate_client URL [LEVEL MEMORY OWN_BITS PEER_BITS OWN_TAKEOVER PEER_TAKEOVER THRESHOLD]: offers
// compression, prints the negotiated parameters, follows the server's commands, and prints how the
// connection ends.
#include <exception>
#include <iostream>

#include "commands.hpp"
#include "deflate_options.hpp"

int main(int argc, char** argv) try {
  if (argc < 2) return 1;
  hawser::connect_options options;
  options.extension = hawser::permessage_deflate{read_deflate_options(argc - 2, argv + 2)};
  auto peer = hawser::connect(argv[1], options);
  print_agreed(peer.extensions());
  follow(peer);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
