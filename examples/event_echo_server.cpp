// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <string>

#include <hawser/asio/server.hpp>

#include "arguments.hpp"

constexpr auto help = R"(event_echo_server [[ADDRESS:]PORT]

Sends every message back, with callbacks on one event loop per processor.

  [ADDRESS:]PORT  where it listens; 127.0.0.1:9001 by default

Example: event_echo_server 9001
)";

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 1};
  const auto where = given.listen(0, 9001);

  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  options.threads = 0;
  options.handshake.origin = hawser::any_origin;  // allow pages of any site to connect
  options.connection.max_message_size = 16 * 1024 * 1024;
  hawser::server server{options};
  server.on_open([](hawser::session& peer) {
    std::clog << std::string{peer.remote_address()} + " is here\n";
  });
  server.on_message(
      [](hawser::session& peer, hawser::message_view message) { peer.send(message); });
  server.on_close([](hawser::session& peer, const hawser::closed& end) {
    const auto code = std::to_string(static_cast<unsigned>(end.code));
    std::clog << std::string{peer.remote_address()} + " is gone: " + code + '\n';
  });
  server.on_error([](hawser::session&, std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& failure) {
      std::cerr << failure.what() << std::endl;
    }
  });
  server.stop_on_signals();
  std::cout << "listening on " << where.url("ws", server.port()) << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
