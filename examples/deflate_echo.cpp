// SPDX-License-Identifier: BSL-1.0
// deflate_echo serve [port]: an echo server on event loops that compresses for clients that offer
// it.
// deflate_echo ask URL TEXT: sends a text, however short, and prints the answer and the negotiated
// extension.
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <hawser/asio.hpp>
#include <hawser/deflate.hpp>

int serve(int port) {
  hawser::server_options options;
  options.port = static_cast<std::uint16_t>(port);
  options.route.connection.max_message_size = 16 * 1024 * 1024;
  options.route.extension = hawser::permessage_deflate{hawser::deflate_preset::balanced};
  hawser::server server{options};
  server.on_message([](auto& peer, hawser::message_view message) { peer.send(message); });
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run();
  return 0;
}

int ask(const char* url, const char* text) {
  auto peer = hawser::connect(url, {.extension = hawser::permessage_deflate{{.threshold = 0}}});
  for (const auto& agreed : peer.extensions()) std::cout << agreed.name << std::endl;
  peer.write(std::string_view{text});
  if (const auto message = peer.read()) std::cout << message->text() << std::endl;
  return peer.close() ? 1 : 0;
}

int main(int argc, char** argv) try {
  const std::string_view what = argc >= 2 ? argv[1] : "";
  if (what == "serve") return serve(argc > 2 ? std::atoi(argv[2]) : 9001);
  if (what == "ask" && argc > 3) return ask(argv[2], argv[3]);
  std::cerr << "usage: deflate_echo serve [port] | ask URL TEXT\n";
  return 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
