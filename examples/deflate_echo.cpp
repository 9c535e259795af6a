// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include <hawser/asio.hpp>
#include <hawser/deflate.hpp>

#include "arguments.hpp"

constexpr auto help = R"(deflate_echo serve [[ADDRESS:]PORT] | ask URL TEXT

Sends every message back, compressed for clients that offer it; or is such a client.

  serve  is the server; listens on 127.0.0.1:9001 by default
  ask    sends TEXT, however short, and prints the extension and the answer

Example: deflate_echo ask ws://127.0.0.1:9001/ ahoy
)";

int serve(const listen_address& where) {
  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  options.connection.max_message_size = 16 * 1024 * 1024;
  options.extension = hawser::permessage_deflate{hawser::deflate_preset::balanced};
  hawser::server server{options};
  server.on_message([](auto& peer, hawser::message_view message) { peer.send(message); });
  server.stop_on_signals();
  std::cout << "listening on " << where.url("ws", server.port()) << std::endl;
  server.run();
  return 0;
}

int ask(const std::string& url, const std::string& text) {
  auto peer = hawser::connect(url, {.extension = hawser::permessage_deflate{{.threshold = 0}}});
  for (const auto& agreed : peer.extensions()) std::cout << agreed.name << std::endl;
  peer.write(text);
  const auto message = peer.read();
  if (!message) throw std::runtime_error{"the server closed without an answer"};
  std::cout << message->text() << std::endl;
  return peer.close() ? 1 : 0;
}

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 1, 3};
  const auto what = given.text(0);
  if (what == "serve" && given.size() <= 2) return serve(given.listen(1, 9001));
  if (what == "ask" && given.size() == 3) return ask(given.text(1), given.text(2));
  given.fail("serve [[ADDRESS:]PORT] or ask URL TEXT is expected");
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
