// SPDX-License-Identifier: BSL-1.0
// Which pages may connect, behind a proxy that terminates TLS.
// Prints: 101 101 403 403 403 404
#include <exception>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>

#include <hawser/asio.hpp>

int main() try {
  hawser::server_options options;
  options.trusted_proxies = {"127.0.0.1", "10.0.0.0/8", "unix"};
  options.handshake.allowed_hosts = {"chat.example"};
  options.handshake.allowed_origins = {"https://*.shop.example", "http://localhost:*"};
  hawser::server server{options};
  server.on_message([](hawser::session&, hawser::message_view) {});
  // No page may connect here, only programs of our own, which send no Origin.
  auto& own = server.route("/programs");
  own.options().handshake.origin = nullptr;
  own.options().handshake.allowed_origins = {};
  own.options().handshake.origin_refusal = hawser::response{.status = 404};
  own.on_message([](hawser::session&, hawser::message_view) {});
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto status = [&](const std::string& path, const std::string& origin) {
    hawser::connect_options asked;
    asked.handshake.origin = origin;
    asked.handshake.headers = {{"X-Forwarded-Proto", "https"}};
    asked.connect_to = "127.0.0.1:" + std::to_string(server.port());
    hawser::response refusal;
    std::error_code ec;
    return hawser::connect("ws://chat.example" + path, ec, asked, &refusal) ? 101 : refusal.status;
  };
  std::cout << status("/", "https://chat.example") << ' '    // the browser's view: same origin
            << status("/", "https://a.shop.example") << ' '  // listed
            << status("/", "http://chat.example") << ' '     // not encrypted
            << status("/", "https://a.shop.example.evil.example") << ' ' << status("/", "null")
            << ' ' << status("/programs", "https://chat.example") << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
