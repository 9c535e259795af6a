// SPDX-License-Identifier: BSL-1.0
// A coroutine looks up the user of a token before the upgrade is accepted.
// Prints: 401 hello Ali
#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <hawser/asio.hpp>

asio::awaitable<std::optional<std::string>> user_of(std::string token) {
  asio::steady_timer database{co_await asio::this_coro::executor, std::chrono::milliseconds{1}};
  co_await database.async_wait(asio::use_awaitable);
  co_return token == "sesame" ? std::optional<std::string>{"Ali"} : std::nullopt;
}

int main() try {
  hawser::server server{{}};
  server.on_upgrade([](hawser::upgrade asked) -> asio::awaitable<hawser::upgrade_decision> {
    const auto token = asked.request().bearer_token();
    const auto user = co_await user_of(std::string{token.value_or("")});
    if (!user) co_return hawser::response{.status = 401};
    asked.data() = *user;
    co_return hawser::acceptance{};
  });
  server.on_open([](hawser::session& peer) { peer.send("hello " + peer.data<std::string>()); });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto url = "ws://127.0.0.1:" + std::to_string(server.port());
  hawser::response refusal;
  std::error_code ec;
  hawser::connect(url, ec, {}, &refusal);
  hawser::connect_options options;
  options.handshake.headers.add("Authorization", "Bearer sesame");
  std::cout << refusal.status << ' ' << hawser::connect(url, options).read()->text() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
