// SPDX-License-Identifier: BSL-1.0
// tls_echo serve CERTIFICATE KEY [port]: an echo server for wss:, from PEM files.
// tls_echo ask URL TEXT [CERTIFICATE]: sends a text and prints the answer. Trusts the authorities
// of the system and, if given, CERTIFICATE.
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <hawser/tls.hpp>

int serve(const char* certificate, const char* key, int port) {
  hawser::tls_server_options tls;
  tls.identities.push_back({hawser::pem_file{certificate}, hawser::pem_file{key}});
  hawser::threaded_server_options options;
  options.port = static_cast<std::uint16_t>(port);
  hawser::tls_threaded_server server{options, hawser::tls_server_context{tls}};
  server.stop_on_signals();
  std::cout << "listening on wss://localhost:" << server.port() << "/" << std::endl;
  server.run([](auto& peer) {
    while (auto message = peer.read()) peer.write(*message);
  });
  return 0;
}

int ask(const char* url, const char* text, const char* certificate) {
  hawser::tls_client_options options;
  if (certificate != nullptr) options.authorities = hawser::pem_file{certificate};
  auto peer = hawser::connect(url, hawser::tls_client_context{options});
  peer.write(std::string_view{text});
  if (const auto message = peer.read()) std::cout << message->text() << std::endl;
  return peer.close() ? 1 : 0;
}

int main(int argc, char** argv) try {
  const std::string_view what = argc >= 4 ? argv[1] : "";
  if (what == "serve") return serve(argv[2], argv[3], argc > 4 ? std::atoi(argv[4]) : 9443);
  if (what == "ask") return ask(argv[2], argv[3], argc > 4 ? argv[4] : nullptr);
  std::cerr << "usage: tls_echo serve CERTIFICATE KEY [port] | ask URL TEXT [CERTIFICATE]\n";
  return 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
