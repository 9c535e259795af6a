// SPDX-License-Identifier: BSL-1.0
#include <iostream>

#include <hawser/asio.hpp>

int main() {
  hawser::threaded_server server{{.port = 0}};  // 0: any free port
  std::cout << "ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.stop_on_signals();
  server.run([](auto& peer) {
    while (auto message = peer.read()) peer.write(*message);
  });
}
