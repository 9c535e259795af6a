// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <hawser/asio/client.hpp>

#include "arguments.hpp"

using namespace std::chrono_literals;

constexpr auto help = R"(reconnecting_client [URL]

Stays connected: sends "subscribe" on each connection and prints what comes.
Ends on Ctrl-C, or when the server refuses for good.

  URL  the server; ws://127.0.0.1:9001/ by default

Example: reconnecting_client ws://127.0.0.1:9001/
)";

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 1};
  asio::io_context io{1};
  hawser::client client{
      io, {.url = given.text(0, "ws://127.0.0.1:9001/"), .reconnect = {{.cap = 10s}}}};

  // A new connection has none of the subscriptions of the last one.
  client.on_open([](hawser::session& open) { open.send("subscribe"); });
  client.on_message([](hawser::session&, hawser::message_view message) {
    if (message.is_text()) std::cout << message.text() << std::endl;
  });
  client.on_reconnecting([](unsigned attempt, auto delay, std::error_code cause) {
    std::cerr << cause.message() << "; attempt " << attempt << " in "
              << std::chrono::ceil<std::chrono::milliseconds>(delay).count() << " ms\n";
  });
  int failed = 0;
  client.on_failed([&](std::error_code cause, const std::optional<hawser::response>& refusal) {
    std::cerr << cause.message() << (refusal ? ": " + std::to_string(refusal->status) : "") << '\n';
    failed = 1;
  });

  asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](std::error_code, int) { client.close(); });
  client.on_stopped([&] { signals.cancel(); });
  client.start();
  io.run();
  return failed;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
