// SPDX-License-Identifier: BSL-1.0
// conformance_server [PORT]: an echo server for a fuzzing client that tests servers case by case.
// Compresses for clients that offer it, and echoes messages of up to 16 MiB in any number of fragments.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>

#include <hawser/asio.hpp>
#include <hawser/deflate.hpp>

int main(int argc, char** argv) try {
  hawser::server_options options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  options.connection.max_message_size = 16 * 1024 * 1024;
  options.extension = hawser::permessage_deflate{{.own_window_bits = 15, .threshold = 0}};
  hawser::server server{options};
  server.on_message(
      [](hawser::session& peer, hawser::message_view message) { peer.send(message); });
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
