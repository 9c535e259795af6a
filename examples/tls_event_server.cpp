// SPDX-License-Identifier: BSL-1.0
// tls_event_server CERTIFICATE KEY [port]: sends every message back over wss:, from an event loop. The
// certificate and its key are PEM files; SIGHUP reads them again, for new connections.
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/signal_set.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <hawser/tls.hpp>

asio::awaitable<void> reload_on(std::unique_ptr<asio::signal_set> hangup,
                                hawser::tls_server_context context,
                                hawser::tls_server_options tls) {
  while (true) {
    co_await hangup->async_wait(asio::use_awaitable);
    try {
      context.reload(tls);
      std::clog << "new connections get the new certificate" << std::endl;
    } catch (const std::exception& error) {
      std::cerr << "the certificate stays as it was: " << error.what() << std::endl;
    }
  }
}

int main(int argc, char** argv) try {
  if (argc < 3) throw std::invalid_argument{"usage: tls_event_server CERTIFICATE KEY [port]"};
  hawser::tls_server_options tls;
  tls.identities.push_back({hawser::pem_file{argv[1]}, hawser::pem_file{argv[2]}});
  const hawser::tls_server_context context{tls};
  hawser::server_options options;
  options.port = static_cast<std::uint16_t>(argc > 3 ? std::atoi(argv[3]) : 9443);
  hawser::tls_server server{options, context};
  server.on_open([](hawser::session& peer) {
    std::clog << peer.tls()->version << ' ' << peer.tls()->server_name << std::endl;
  });
  server.on_message(
      [](hawser::session& peer, hawser::message_view message) { peer.send(message); });
  server.stop_on_signals();

  asio::thread_pool background{1};  // reading files must not delay the event loop
  auto hangup = std::make_unique<asio::signal_set>(background, SIGHUP);
  asio::co_spawn(background, reload_on(std::move(hangup), context, tls), asio::detached);
  std::cout << "listening on wss://localhost:" << server.port() << "/" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
