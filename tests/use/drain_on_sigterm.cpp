// SPDX-License-Identifier: BSL-1.0
// On SIGTERM the sessions get two seconds to end what they do, then a Close frame.
// Prints: still served
// Prints: the connection is closed, code 1012 (service restart): a new version
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <thread>

#include <hawser/asio.hpp>

int main() try {
  hawser::server server{{}};
  server.stop_on_signals({.code = hawser::close_code::service_restart,
                          .reason = "a new version",
                          .drain = std::chrono::seconds{2}});
  server.on_message(
      [](hawser::session& peer, hawser::message_view message) { peer.send(message); });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  auto peer = hawser::connect("ws://127.0.0.1:" + std::to_string(server.port()));
  std::raise(SIGTERM);
  peer.write("still served");
  while (const auto message = peer.read()) std::cout << message->text() << '\n';
  std::cout << peer.close_reason().message() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
