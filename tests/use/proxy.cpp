// SPDX-License-Identifier: BSL-1.0
// Arguments: PROXY
// A client behind an HTTP proxy.
// Prints: ahoy
#include <exception>
#include <iostream>
#include <thread>

#include <hawser/asio.hpp>

int main(int, char** argv) try {
  hawser::server server{{}};
  server.on_open([](hawser::session& peer) { peer.send("ahoy"); });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto url = "ws://127.0.0.1:" + std::to_string(server.port());
  auto peer = hawser::connect(url, {.proxy = argv[1]});
  std::cout << peer.read()->text() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
