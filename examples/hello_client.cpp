// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <stdexcept>

#include <hawser/asio.hpp>

#include "arguments.hpp"

constexpr auto help = R"(hello_client [URL]

The smallest client: sends "ahoy" and prints the answer.

  URL  the server; ws://127.0.0.1:9001/ by default

Example: hello_client ws://127.0.0.1:9001/
)";

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 1};
  const auto url = given.text(0, "ws://127.0.0.1:9001/");

  auto peer = hawser::connect(url);
  peer.write("ahoy");
  auto message = peer.read();
  if (!message) throw std::runtime_error{"the server closed without an answer"};
  std::cout << message->text() << '\n';
  peer.close();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
