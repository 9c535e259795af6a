// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include <hawser/tls.hpp>

#include "arguments.hpp"

constexpr auto help =
    R"(tls_echo serve CERTIFICATE KEY [[ADDRESS:]PORT] | ask URL TEXT [CERTIFICATE]

Sends every message back over wss:, with one thread per connection; or is a client.

  serve  is the server, with PEM files; listens on 127.0.0.1:9443 by default
  ask    sends TEXT and prints the answer; trusts the authorities of the system
         and CERTIFICATE, if it is given

Example: tls_echo ask wss://localhost:9443/ ahoy certificate.pem
)";

int serve(const std::string& certificate, const std::string& key, const listen_address& where) {
  hawser::tls_server_options tls;
  tls.identities.push_back({hawser::pem_file{certificate}, hawser::pem_file{key}});
  hawser::threaded_server_options options;
  options.address = where.address;
  options.port = where.port;
  options.connection.max_message_size = 16 * 1024 * 1024;
  hawser::tls_threaded_server server{options, hawser::tls_server_context{tls}};
  server.stop_on_signals();
  std::cout << "listening on " << where.url("wss", server.port()) << std::endl;
  server.run([](auto& peer) {
    while (auto message = peer.read()) peer.write(*message);
  });
  return 0;
}

int ask(const std::string& url, const std::string& text, const std::string& certificate) {
  hawser::tls_client_options options;
  if (!certificate.empty()) options.authorities = hawser::pem_file{certificate};
  auto peer = hawser::connect(url, hawser::tls_client_context{options});
  peer.write(text);
  const auto message = peer.read();
  if (!message) throw std::runtime_error{"the server closed without an answer"};
  std::cout << message->text() << std::endl;
  return peer.close() ? 1 : 0;
}

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 3, 4};
  const auto what = given.text(0);
  if (what == "serve") return serve(given.text(1), given.text(2), given.listen(3, 9443));
  if (what == "ask") return ask(given.text(1), given.text(2), given.text(3));
  given.fail("serve or ask is expected, not '" + what + "'");
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
