// SPDX-License-Identifier: BSL-1.0
// All clients get a tick every 10 ms.
// Prints: tick 1
// Prints: tick 2
// Prints: tick 3
#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <thread>

#include <asio/steady_timer.hpp>
#include <hawser/asio.hpp>

int main() try {
  hawser::server server{{}};
  server.fallback();  // sessions on all paths, without handlers
  asio::steady_timer timer{server.get_executor()};
  int ticks = 0;
  const std::function<void(std::error_code)> tick = [&](std::error_code ec) {
    if (ec) return;
    if (server.broadcast(hawser::prepared_message{"tick " + std::to_string(ticks + 1)}) > 0)
      ++ticks;
    timer.expires_after(std::chrono::milliseconds{10});
    timer.async_wait(tick);
  };
  tick({});
  server.on_shutdown([&] { timer.cancel(); });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  auto peer = hawser::connect("ws://127.0.0.1:" + std::to_string(server.port()));
  for (int i = 0; i < 3; ++i) std::cout << peer.read()->text() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
