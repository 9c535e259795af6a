// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <exception>
#include <iostream>
#include <system_error>

#include <asio/signal_set.hpp>
#include <hawser/cable.hpp>

#include "anyt_channels.hpp"
#include "arguments.hpp"

constexpr auto help = R"(cable_conformance_server [[ADDRESS:]PORT]

The server that the conformance tool anyt tests, at the path /cable.
SIGTERM disconnects all clients, which may reconnect, and ends the server.

  [ADDRESS:]PORT  where it listens; 127.0.0.1:9292 by default

Example: cable_conformance_server 9292
)";

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 1};
  const auto where = given.listen(0, 9292);

  hawser::memory_broker broker;
  hawser::cable::server cable{broker};
  anyt::set_up(cable);

  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  hawser::server server{options};
  auto& route = server.route("/cable");
  route.options().handshake.origin = hawser::any_origin;
  cable.mount(route);
  server.on_shutdown([&] { cable.restart(); });
  server.stop_on_signals();
  std::cout << "listening on " << where.url("ws", server.port()) << "cable" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
