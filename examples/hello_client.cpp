// SPDX-License-Identifier: BSL-1.0
#include <iostream>

#include <hawser/asio.hpp>

int main(int, char** argv) {
  auto peer = hawser::connect(argv[1]);
  peer.write("ahoy");
  if (auto message = peer.read()) std::cout << message->text() << '\n';
  peer.close();
}
