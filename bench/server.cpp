// SPDX-License-Identifier: BSL-1.0
//
// server PORT: the server that load generators measure, with one thread. It sends each message back, with BCAST=1 in
// the environment to all clients. PMD=1 offers compression, PMD=nct compression without context takeover. It ends on
// SIGTERM.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <hawser/asio.hpp>
#include <hawser/deflate.hpp>

namespace {

std::string_view setting(const char* name) {
  const char* const text = std::getenv(name);
  return text != nullptr ? text : "";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "server PORT\n";
    return 2;
  }
  hawser::server_options options;
  options.port = static_cast<std::uint16_t>(std::stoi(argv[1]));
  options.max_connections = 0;
  options.connection.max_message_size = 64 * 1024 * 1024;
  if (const auto compression = setting("PMD"); !compression.empty()) {
    hawser::deflate_options deflate;
    if (compression == "nct") {
      deflate.own_context_takeover = false;
      deflate.peer_context_takeover = false;
    }
    options.extension = hawser::permessage_deflate{deflate};
  }
  hawser::server server{options};
  if (setting("BCAST") == "1") {
    server.on_message([&](hawser::session&, hawser::message_view message) {
      server.broadcast(hawser::prepared_message{message});
    });
  } else {
    server.on_message(
        [](hawser::session& peer, hawser::message_view message) { peer.send(message); });
  }
  server.stop_on_signals();
  server.run();
}
