// SPDX-License-Identifier: BSL-1.0
// Arguments: CERTIFICATE KEY
// A client that trusts a certificate of its own in place of the authorities of the system.
// Prints: the certificate is self-signed, and not one that is trusted
// Prints: ahoy from CN=localhost
#include <exception>
#include <iostream>
#include <thread>

#include <hawser/tls.hpp>

int main(int, char** argv) try {
  hawser::tls_server_options tls;
  tls.identities.push_back({hawser::pem_file{argv[1]}, hawser::pem_file{argv[2]}});
  hawser::tls_server server{{}, hawser::tls_server_context{tls}};
  server.on_open([](hawser::session& peer) { peer.send("ahoy"); });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto url = "wss://localhost:" + std::to_string(server.port());
  std::error_code ec;
  hawser::connect(url, ec);
  std::cout << ec.message() << std::endl;
  const hawser::tls_client_context trusting{{.authorities = hawser::pem_file{argv[1]}}};
  auto peer = hawser::connect(url, trusting);
  std::cout << peer.read()->text() << " from " << peer.peer_certificate()->subject << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
