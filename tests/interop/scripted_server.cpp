// SPDX-License-Identifier: BSL-1.0
// scripted_server [KEEP_ALIVE_MS]: a server with the options' defaults that does what clients tell it,
// and prints how each connection, or its opening handshake, ends.
#include <exception>
#include <iostream>

#include <hawser/asio.hpp>

#include "commands.hpp"

void print_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& thrown) {
    std::cout << std::string{"failed "} + thrown.what() + '\n' << std::flush;
  }
}

int main(int argc, char** argv) try {
  hawser::threaded_server_options options;
  options.handshake.subprotocols = {"script"};
  if (argc > 1) set_keep_alive(options.connection, argv[1]);

  hawser::threaded_server server{options};
  server.stop_on_signals();
  server.on_error(print_error);
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run([](auto& peer) { follow(peer); });
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
