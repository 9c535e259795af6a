// SPDX-License-Identifier: BSL-1.0
// event_echo_server [port]: sends every message back, from one event loop per processor.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <hawser/asio.hpp>

int main(int argc, char** argv) try {
  hawser::server_options options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 9001);
  options.threads = 0;
  options.route.handshake.origin = hawser::any_origin;  // allow pages of any site to connect
  options.route.connection.max_message_size = 16 * 1024 * 1024;
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
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
