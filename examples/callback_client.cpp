// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>
#include <hawser/asio/async_connect.hpp>

#include "arguments.hpp"

constexpr auto help = R"(callback_client [URL]

Sends "ahoy" and prints the answer, with callbacks on your own Asio program.

  URL  the server; ws://127.0.0.1:9001/ by default

Example: callback_client ws://127.0.0.1:9001/
)";

struct greeter {
  hawser::async_client_websocket peer = {};
  hawser::message answer = {};
  int failed = 0;

  void greet(std::error_code ec, hawser::async_client_websocket connected) {
    if (!good(ec)) return;
    peer = std::move(connected);
    peer.async_write("ahoy", [this](auto error) { good(error); });
    peer.async_read(answer, [this](auto error) {
      if (good(error)) std::cout << answer.text() << '\n';
      peer.async_close([this](auto end) { good(end); });
    });
  }

  bool good(std::error_code ec) {
    if (ec) std::cerr << ec.message() << '\n';
    if (ec) failed = 1;
    return !ec;
  }
};

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 1};
  const auto url = given.text(0, "ws://127.0.0.1:9001/");
  asio::io_context io{1};
  greeter one;
  hawser::async_connect(io, url, [&](auto ec, auto peer) { one.greet(ec, std::move(peer)); });
  io.run();
  return one.failed;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
