// SPDX-License-Identifier: BSL-1.0
// A server in a program that has a pool of threads already; the handlers of a session never overlap.
// Prints: 144
// Prints: the connection is closed, code 1001 (going away): done
#include <atomic>
#include <exception>
#include <iostream>
#include <string>

#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <hawser/asio.hpp>

int main() try {
  asio::thread_pool pool{4};
  hawser::server server{pool, {}};
  server.on_message([&](hawser::session& peer, hawser::message_view message) {
    // Work of the program, on any thread of the pool; the answer is sent from there.
    asio::post(pool, [peer, number = std::stoi(std::string{message.text()})] {
      peer.send(std::to_string(number * number));
    });
  });
  server.start();

  auto peer = hawser::connect("ws://127.0.0.1:" + std::to_string(server.port()));
  peer.write("12");
  std::cout << peer.read()->text() << std::endl;
  auto end = server.async_shutdown({.reason = "done"}, asio::use_future);
  while (peer.read()) continue;
  std::cout << peer.close_reason().message() << std::endl;
  end.get();
  pool.join();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
