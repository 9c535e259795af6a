// SPDX-License-Identifier: BSL-1.0
// echo_server [port]: sends every message back, with one thread per connection.
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include <hawser/asio.hpp>

int main(int argc, char** argv) try {
  hawser::threaded_server_options options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 9001);
  options.handshake.origin = hawser::any_origin;  // allow pages of any site to connect
  options.connection.max_message_size = 16 * 1024 * 1024;

  hawser::threaded_server server{options};
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run([](auto& peer) {
    while (auto message = peer.read()) peer.write(*message);
  });
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
