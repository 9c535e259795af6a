// SPDX-License-Identifier: BSL-1.0
// event_server [--keep-alive MS] [--certificate FILE --key FILE] [--origin any]: does what clients tell
// it, from an event loop, and prints how each connection ends.
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <asio/ip/tcp.hpp>
#include <hawser/asio.hpp>
#include <hawser/tls.hpp>

#include "commands.hpp"
#include "settings.hpp"

int main(int argc, char** argv) try {
  const settings given{argc, argv};
  hawser::server_options options;
  options.route.handshake.subprotocols = {"script"};
  if (given.find("--origin") != nullptr) options.route.handshake.origin = hawser::any_origin;
  given.apply_to(options.route.connection);

  hawser::server server{options};
  server.on_session(follow_session);
  server.on_close([](hawser::session&, const hawser::closed& end) { print_ending(end); });
  server.stop_on_signals();
  if (given.secure()) {
    const asio::ip::tcp::endpoint any_port{asio::ip::address_v4::loopback(), 0};
    const auto where = server.listen(any_port, hawser::tls_streams{given.server_context()});
    std::cout << "listening on wss://localhost:" << where.port() << "/" << std::endl;
  } else {
    std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  }
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
