// SPDX-License-Identifier: BSL-1.0
// event_server [--keep-alive MS] [--certificate FILE --key FILE] [--origin any]: follows the
// commands of its clients, on an event loop, and prints how each connection ends.
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <hawser/asio.hpp>
#include <hawser/tls.hpp>

#include "commands.hpp"
#include "settings.hpp"

namespace {

template <class Server>
void serve(Server& server, const char* url) {
  server.on_session(follow_session);
  server.on_close([](hawser::session&, const hawser::closed& end) { print_ending(end); });
  server.stop_on_signals();
  std::cout << "listening on " << url << ':' << server.port() << "/" << std::endl;
  server.run();
}

}  // namespace

int main(int argc, char** argv) try {
  const settings given{argc, argv};
  hawser::server_options options;
  options.handshake.subprotocols = {"script"};
  if (given.find("--origin") != nullptr) options.handshake.origin = hawser::any_origin;
  given.apply_to(options.connection);
  if (given.secure()) {
    hawser::tls_server server{options, given.server_context()};
    serve(server, "wss://localhost");
  } else {
    hawser::server server{options};
    serve(server, "ws://127.0.0.1");
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
