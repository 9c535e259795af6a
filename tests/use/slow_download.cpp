// SPDX-License-Identifier: BSL-1.0
// A large message to a client that reads slowly: the coroutine waits, and little is stored.
// Prints: 30000000 bytes
#include <algorithm>
#include <cstddef>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include <asio/awaitable.hpp>
#include <hawser/asio.hpp>

int main() try {
  hawser::server server{{.budget = {.high = 256 * 1024}}};
  std::size_t most = 0;
  server.on_session([&](hawser::session peer) -> asio::awaitable<void> {
    const std::string piece(100'000, 'x');
    auto out = peer.begin_message(hawser::message_kind::text);
    for (int i = 0; i < 300; ++i) {
      if (const auto ec = co_await out.write(piece); ec) co_return;
      most = std::max(most, peer.buffered_bytes());
    }
    co_await out.finish();
  });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto url = "ws://127.0.0.1:" + std::to_string(server.port());
  auto peer = hawser::connect(url, {.connection = {.max_message_size_in_parts = 0}});
  std::size_t size = 0;
  while (const auto part = peer.read_part()) size += part->payload.size();
  server.shutdown();
  serving.join();
  std::cout << size << (most <= 256 * 1024 ? " bytes" : " bytes, too many of them stored") << '\n';
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
