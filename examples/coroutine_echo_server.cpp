// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <string>

#include <hawser/asio.hpp>
#include <nlohmann/json.hpp>

#include "arguments.hpp"

constexpr auto help = R"(coroutine_echo_server [[ADDRESS:]PORT]

Sends every message back, with one coroutine per connection.
The answer to a JSON object is a JSON object: {"say": "ahoy"} becomes
{"echo": {"say": "ahoy"}, "number": 1}.

  [ADDRESS:]PORT  where it listens; 127.0.0.1:9001 by default

Example: coroutine_echo_server 9001
)";

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
  const arguments given{argc, argv, help, 0, 1};
  const auto where = given.listen(0, 9001);

  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  options.handshake.origin = hawser::any_origin;  // allow pages of any site to connect
  options.connection.max_message_size = 16 * 1024 * 1024;

  hawser::server server{options};
  server.stop_on_signals();
  server.on_session(serve);
  std::cout << "listening on " << where.url("ws", server.port()) << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
