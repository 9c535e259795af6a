// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>

#include <hawser/asio.hpp>

#include "arguments.hpp"

constexpr auto help = R"(echo_server [[ADDRESS:]PORT]

Sends every message back, with one thread per connection.

  [ADDRESS:]PORT  where it listens; 127.0.0.1:9001 by default

Example: echo_server 0.0.0.0:9001
)";

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 1};
  const auto where = given.listen(0, 9001);

  hawser::threaded_server_options options;
  options.address = where.address;
  options.port = where.port;
  options.handshake.origin = hawser::any_origin;  // allow pages of any site to connect
  options.connection.max_message_size = 16 * 1024 * 1024;

  hawser::threaded_server server{options};
  server.stop_on_signals();
  std::cout << "listening on " << where.url("ws", server.port()) << std::endl;
  server.run([](auto& peer) {
    while (auto message = peer.read()) peer.write(*message);
  });
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
