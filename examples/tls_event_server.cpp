// SPDX-License-Identifier: BSL-1.0
// tls_event_server CERTIFICATE KEY [port]: sends every message back over wss:, from an event loop. The
// certificate and its key are PEM files.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>

#include <hawser/tls.hpp>

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument{"usage: tls_event_server CERTIFICATE KEY [port]"};
  hawser::tls_server_options tls;
  tls.identities.push_back({hawser::pem_file{argv[1]}, hawser::pem_file{argv[2]}});
  hawser::server_options options;
  options.port = static_cast<std::uint16_t>(argc > 3 ? std::atoi(argv[3]) : 9443);
  hawser::tls_server server{options, hawser::tls_server_context{tls}};
  server.on_open([](hawser::session& peer) {
    std::clog << peer.tls()->version << ' ' << peer.tls()->server_name << std::endl;
  });
  server.on_message(
      [](hawser::session& peer, hawser::message_view message) { peer.send(message); });
  server.stop_on_signals();
  std::cout << "listening on wss://localhost:" << server.port() << "/" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
