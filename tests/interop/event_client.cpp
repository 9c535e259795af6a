// SPDX-License-Identifier: BSL-1.0
// event_client URL [--keep-alive MS] [--authority FILE] [--proxy URL] [--once TEXT | --stay TEXT]:
// offers the subprotocols `other` and `script` and follows the server's commands, on an event loop.
// With a text, sends it and prints the echo; with --once, then closes. Uses the given proxy, or with --once
// that of the environment. Prints why there is no connection, or how it ends.
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <asio/io_context.hpp>
#include <hawser/asio.hpp>
#include <hawser/tls.hpp>

#include "commands.hpp"
#include "settings.hpp"

void print_failure(std::error_code cause, const std::optional<hawser::response>& refusal) {
  std::cout << "failed: " << cause.message();
  if (refusal) std::cout << ", HTTP status " << refusal->status;
  std::cout << std::endl;
}

void send_text(hawser::tls_client& client, std::string_view text, bool closes) {
  client.on_open([text](hawser::session& open) { open.send(text); });
  client.on_message([&client, closes](hawser::session&, hawser::message_view message) {
    std::cout << message.text() << std::endl;
    if (closes) client.close();
  });
}

void follow_server(hawser::tls_client& client) {
  client.on_open([](hawser::session& open) {
    std::cout << "subprotocol " << open.subprotocol() << std::endl;
  });
  client.on_session(follow_session);
}

int main(int argc, char** argv) try {
  if (argc < 2) return 1;
  const settings given{argc, argv};
  const char* once = given.find("--once");
  const char* stay = given.find("--stay");
  hawser::client_options options{.url = argv[1], .reconnect = {}};
  options.handshake.subprotocols = {"other", "script"};
  given.apply_to(options.connection);
  if (once != nullptr) options.proxy = hawser::proxy_from_environment;
  if (const char* proxy = given.find("--proxy")) options.proxy = proxy;

  asio::io_context io{1};
  hawser::tls_client client{io, options, given.client_context()};
  if (once != nullptr || stay != nullptr) {
    send_text(client, once != nullptr ? once : stay, once != nullptr);
  } else {
    follow_server(client);
  }
  client.on_close([](hawser::session&, const hawser::closed& end) { print_ending(end); });
  client.on_failed(print_failure);
  client.start();
  io.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
