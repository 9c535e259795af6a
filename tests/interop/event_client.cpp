// SPDX-License-Identifier: BSL-1.0
// event_client URL TEXT [PROXY]: connects by that proxy, or by the one the environment names, sends the
// text, prints what comes back, closes.
// event_client URL TEXT stay KEEP_ALIVE_MS: the same without a proxy, and does not close. 0: no
// keep-alive.
// Both print why there is no connection, or how it ends.
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <asio/io_context.hpp>
#include <hawser/asio.hpp>

#include "commands.hpp"

void print_failure(std::error_code cause, const std::optional<hawser::response>& refusal) {
  std::cout << "failed: " << cause.message();
  if (refusal) std::cout << ", HTTP status " << refusal->status;
  std::cout << std::endl;
}

int main(int argc, char** argv) {
  if (argc < 3) return 1;
  const bool stays = argc == 5;
  hawser::client_options options{.url = argv[1], .reconnect = {}};
  if (stays) {
    set_keep_alive(options.connect.connection, argv[4]);
  } else {
    options.connect.find_proxy =
        argc > 3 ? hawser::through_proxy(argv[3]) : hawser::proxy_from_environment;
  }

  asio::io_context io{1};
  hawser::client client{io, options};
  client.on_open([&](hawser::session& open) { open.send(std::string_view{argv[2]}); });
  client.on_message([&](hawser::session&, hawser::message_view message) {
    std::cout << message.text() << std::endl;
    if (!stays) client.close();
  });
  client.on_close([](hawser::session&, const hawser::closed& end) { print_ending(end); });
  client.on_failed(print_failure);
  client.start();
  io.run();
}
