// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <csignal>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <hawser/asio/client.hpp>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
  asio::io_context io{1};
  hawser::client client{
      io, {.url = argc == 2 ? argv[1] : "ws://127.0.0.1:9001/", .reconnect = {{.cap = 10s}}}};

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
}
