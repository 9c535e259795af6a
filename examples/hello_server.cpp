// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>

#include <hawser/asio.hpp>

#include "arguments.hpp"

constexpr auto help = R"(hello_server [[ADDRESS:]PORT]

The smallest server: sends every message back, with one thread per connection.

  [ADDRESS:]PORT  where it listens; 127.0.0.1 and any free port by default

Example: hello_server 9001
)";

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 1};
  const auto where = given.listen(0, 0);

  hawser::threaded_server server{{.address = where.address, .port = where.port}};
  server.stop_on_signals();
  std::cout << where.url("ws", server.port()) << std::endl;
  server.run([](auto& peer) {
    while (auto message = peer.read()) peer.write(*message);
  });
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
