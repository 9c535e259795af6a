// SPDX-License-Identifier: BSL-1.0
// A server for development: on all addresses, for the pages of a front-end on another port, with binary messages.
// Prints: 403 101
// Prints: binary, 3 bytes
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <hawser/asio.hpp>

int main() try {
  hawser::server_options options;
  options.address = "0.0.0.0";
  options.handshake.allowed_origins = {"http://localhost:5173"};
  hawser::server server{options};
  server.on_message([](hawser::session& peer, hawser::message_view message) {
    if (message.is_text()) return;
    const std::vector<std::uint8_t> pixels{0, 127, 255};
    peer.send(pixels);
  });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto url = "ws://127.0.0.1:" + std::to_string(server.port());
  const auto status = [&](const char* page) {
    hawser::connect_options asked;
    asked.handshake.origin = page;
    hawser::response refusal;
    std::error_code ec;
    return hawser::connect(url, ec, asked, &refusal) ? 101 : refusal.status;
  };
  std::cout << status("http://localhost:3000") << ' ' << status("http://localhost:5173")
            << std::endl;

  auto peer = hawser::connect(url);
  peer.write(std::vector<std::uint8_t>{1});
  const auto answer = peer.read();
  std::cout << (answer->is_text() ? "text, " : "binary, ") << answer->payload.size() << " bytes"
            << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
