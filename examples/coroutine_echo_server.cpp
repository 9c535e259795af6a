// SPDX-License-Identifier: BSL-1.0
// coroutine_echo_server [port]: one coroutine per connection. Sends every message back; the answer
// to a JSON object is a JSON object: {"say": "ahoy"} becomes {"echo": {"say": "ahoy"}, "number":
// 1}.
#include <cstdlib>
#include <iostream>
#include <string>

#include <hawser/asio.hpp>
#include <nlohmann/json.hpp>

asio::awaitable<void> serve(hawser::session peer) {
  int number = 0;
  while (auto message = co_await peer.receive()) {
    const auto asked = nlohmann::json::parse(message->text(), nullptr, false);
    if (message->is_text() && asked.is_object()) {
      peer.send(nlohmann::json{{"echo", asked}, {"number", ++number}}.dump());
    } else {
      peer.send(*message);
    }
    co_await peer.drained();  // wait while a slow peer has not read its answers
  }
}

int main(int argc, char** argv) try {
  hawser::server_options options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 9001);
  options.route.handshake.origin = hawser::any_origin;  // allow pages of any site to connect
  options.route.connection.max_message_size = 16 * 1024 * 1024;

  hawser::server server{options};
  server.stop_on_signals();
  server.on_session(serve);
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
