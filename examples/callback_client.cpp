// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <string>
#include <system_error>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <hawser/asio/async_websocket.hpp>

#include "arguments.hpp"

constexpr auto help = R"(callback_client [URL]

Sends "ahoy" and prints the answer, with callbacks on your own Asio program.

  URL  the server; ws://127.0.0.1:9001/ by default

Example: callback_client ws://127.0.0.1:9001/
)";

using asio::ip::tcp;

struct greeter {
  hawser::async_websocket<tcp::socket> peer;
  hawser::message answer = {};
  int failed = 0;

  void start(const hawser::uri& where, const tcp::resolver::results_type& found) {
    asio::async_connect(peer.next_layer(), found, [=, this](auto ec, const auto&) {
      if (good(ec)) peer.async_connect(where, [this](auto error) { greet(error); });
    });
  }

  void greet(std::error_code ec) {
    if (!good(ec)) return;
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
  std::error_code ec;
  const auto where = hawser::uri::decode(url, ec);
  if (!where) throw std::system_error{ec, hawser::without_secrets(url)};
  asio::io_context io{1};
  // A tcp::socket is not encrypted, so async_connect() refuses a wss: URI. That needs a tls_stream.
  greeter one{hawser::async_websocket<tcp::socket>{tcp::socket{io}}};
  one.start(*where, tcp::resolver{io}.resolve(where->node(), std::to_string(where->port())));
  io.run();
  return one.failed;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
