// SPDX-License-Identifier: BSL-1.0
#include <iostream>

#include <hawser/asio.hpp>

int main(int argc, char** argv) try {
  auto peer = hawser::connect(argc == 2 ? argv[1] : "ws://127.0.0.1:9001/");
  peer.write("ahoy");
  if (auto message = peer.read()) std::cout << message->text() << '\n';
  peer.close();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
