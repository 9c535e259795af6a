// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/signal_set.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <hawser/tls.hpp>

#include "arguments.hpp"

constexpr auto help = R"(tls_event_server CERTIFICATE KEY [[ADDRESS:]PORT]

Sends every message back over wss:, with callbacks on an event loop.
SIGHUP reads the files again, for new connections.

  CERTIFICATE, KEY  PEM files
  [ADDRESS:]PORT    where it listens; 127.0.0.1:9443 by default

Example: tls_event_server certificate.pem key.pem 0.0.0.0:443
)";

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
  const arguments given{argc, argv, help, 2, 3};
  const auto where = given.listen(2, 9443);

  hawser::tls_server_options tls;
  tls.identities.push_back({hawser::pem_file{given.text(0)}, hawser::pem_file{given.text(1)}});
  const hawser::tls_server_context context{tls};
  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  options.connection.max_message_size = 16 * 1024 * 1024;
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
  std::cout << "listening on " << where.url("wss", server.port()) << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
