// SPDX-License-Identifier: BSL-1.0
// event_server KEEP_ALIVE_MS: sends every message back, from an event loop, and prints how each
// connection ends. 0: no keep-alive.
#include <exception>
#include <iostream>

#include <hawser/asio.hpp>

#include "commands.hpp"

int main(int argc, char** argv) try {
  if (argc != 2) return 1;
  hawser::server_options options;
  set_keep_alive(options.route.connection, argv[1]);

  hawser::server server{options};
  server.on_message(
      [](hawser::session& peer, hawser::message_view message) { peer.send(message); });
  server.on_close([](hawser::session&, const hawser::closed& end) { print_ending(end); });
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
