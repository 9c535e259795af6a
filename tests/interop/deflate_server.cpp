// SPDX-License-Identifier: BSL-1.0
// deflate_server [LEVEL MEMORY OWN_BITS PEER_BITS OWN_TAKEOVER PEER_TAKEOVER THRESHOLD]: echoes every
// message, compressed if the client offers it, and prints the negotiated parameters and how each connection
// ends. The TEXT of `/broadcast TEXT` is sent to all clients.
#include <exception>
#include <iostream>
#include <vector>

#include "commands.hpp"
#include "deflate_options.hpp"

int main(int argc, char** argv) try {
  hawser::server_options options;
  options.connection.max_message_size = 16 * 1024 * 1024;
  options.extension = hawser::permessage_deflate{read_deflate_options(argc - 1, argv + 1)};
  options.handshake.origin = hawser::any_origin;

  hawser::server server{options};
  std::vector<hawser::session> all;
  server.on_open([&](hawser::session& peer) {
    print_agreed(peer.extensions());
    all.push_back(peer);
  });
  server.on_message([&](hawser::session& peer, hawser::message_view message) {
    constexpr std::string_view command = "/broadcast ";
    if (!message.is_text() || !message.text().starts_with(command)) {
      peer.send(message);
      return;
    }
    const hawser::prepared_message prepared{message.text().substr(command.size())};
    for (auto& one : all) one.send(prepared);
  });
  server.on_close([](hawser::session&, const hawser::closed& end) { print_ending(end); });
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
