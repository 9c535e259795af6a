// SPDX-License-Identifier: BSL-1.0
// scripted_client URL [--keep-alive MS] [--authority FILE]: a blocking client that offers the
// subprotocols `other` and `script`, follows the server's commands, and prints how the connection
// ends, or why there is none.
#include <exception>
#include <iostream>

#include <hawser/asio.hpp>
#include <hawser/tls.hpp>

#include "commands.hpp"
#include "settings.hpp"

int main(int argc, char** argv) try {
  if (argc < 2) return 1;
  const settings given{argc, argv};
  hawser::connect_options options;
  options.handshake.subprotocols = {"other", "script"};
  given.apply_to(options.connection);

  auto peer = hawser::connect(argv[1], given.client_context(), options);
  std::cout << "subprotocol " << peer.subprotocol() << std::endl;
  follow(peer);
} catch (const hawser::connect_error& error) {
  std::cout << "failed: " << error.code().message() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
