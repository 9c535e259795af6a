// SPDX-License-Identifier: BSL-1.0
// scripted_server [--keep-alive MS] [--certificate FILE --key FILE]: a threaded server with default options
// that follows the commands of its clients, and prints how each connection, or its opening handshake, ends.
#include <exception>
#include <iostream>
#include <string>

#include <hawser/asio.hpp>
#include <hawser/tls.hpp>

#include "commands.hpp"
#include "settings.hpp"

void print_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& thrown) {
    std::cout << std::string{"failed "} + thrown.what() + '\n' << std::flush;
  }
}

template <class Server>
void run(Server& server, const std::string& origin) {
  server.stop_on_signals();
  server.on_error(print_error);
  std::cout << "listening on " << origin << ":" << server.port() << "/" << std::endl;
  server.run([](auto& peer) { follow(peer); });
}

int main(int argc, char** argv) try {
  const settings given{argc, argv};
  hawser::threaded_server_options options;
  options.handshake.subprotocols = {"script"};
  given.apply_to(options.connection);

  if (given.secure()) {
    hawser::tls_threaded_server server{options, given.server_context()};
    run(server, "wss://localhost");
  } else {
    hawser::threaded_server server{options};
    run(server, "ws://127.0.0.1");
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
