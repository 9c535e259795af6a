// SPDX-License-Identifier: BSL-1.0
// Arguments: CERTIFICATE KEY
// The server of ws: sends each client to wss:, and the client follows.
// Prints: welcome, encrypted
#include <exception>
#include <iostream>
#include <thread>

#include <asio/io_context.hpp>
#include <hawser/tls.hpp>

int main(int, char** argv) try {
  asio::io_context context;
  hawser::tls_server_options tls;
  tls.identities.push_back({hawser::pem_file{argv[1]}, hawser::pem_file{argv[2]}});
  hawser::tls_server secure{context, {}, hawser::tls_server_context{tls}};
  secure.on_open([](hawser::session& peer) { peer.send("welcome"); });
  secure.start();
  hawser::server plain{context, {}};
  const auto there = "wss://localhost:" + std::to_string(secure.port()) + "/";
  plain.on_upgrade([&](hawser::upgrade& asked) {
    asked.reject({.status = 307, .headers = {{"Location", there}}});
  });
  plain.start();
  std::jthread serving{[&] { context.run(); }};

  const hawser::tls_client_context trusting{{.authorities = hawser::pem_file{argv[1]}}};
  const auto url = "ws://localhost:" + std::to_string(plain.port());
  auto peer = hawser::connect(url, trusting, {.max_redirects = 1});
  std::cout << peer.read()->text() << (peer.is_secure() ? ", encrypted" : "") << std::endl;
  context.stop();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
