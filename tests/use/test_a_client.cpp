// SPDX-License-Identifier: BSL-1.0
// The handlers of a client are tested without sockets, on virtual time: it connects again.
// Prints: passed
#include <chrono>
#include <exception>
#include <iostream>

#include <hawser/testing.hpp>

int main() try {
  hawser::testing::world world;
  hawser::client client{world.context(), {.url = "ws://chat.example/chat"}};
  client.on_open([](hawser::session& server) { server.send("hello"); });
  client.start();

  world.accept().expect_text("hello");  // This peer is then destroyed: the connection breaks.
  while (!world.has_client()) world.advance(std::chrono::seconds{1});
  world.accept().expect_text("hello");
  std::cout << "passed" << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
