// SPDX-License-Identifier: BSL-1.0
// The session knows the subprotocol that was chosen; a client without one of them is refused.
// Prints: hello
// Prints: the upgrade was refused
#include <exception>
#include <iostream>
#include <thread>

#include <asio/awaitable.hpp>
#include <hawser/asio.hpp>

int main() try {
  hawser::server_options options;
  options.handshake.subprotocols = {"echo", "greeting"};
  options.handshake.require_subprotocol = true;
  hawser::server server{options};
  server.on_session([](hawser::session peer) -> asio::awaitable<void> {
    if (peer.subprotocol() == "greeting") peer.send("hello");
    while (const auto message = co_await peer.receive()) peer.send(*message);
  });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto url = "ws://127.0.0.1:" + std::to_string(server.port());
  hawser::connect_options client;
  client.handshake.subprotocols = {"greeting"};
  std::cout << hawser::connect(url, client).read()->text() << std::endl;
  std::error_code ec;
  hawser::connect(url, ec);
  std::cout << ec.message() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
