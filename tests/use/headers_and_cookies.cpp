// SPDX-License-Identifier: BSL-1.0
// Both sides read the header fields and the cookies of the other one.
// Prints: Anna fr seen=1
#include <exception>
#include <iostream>

#include <hawser/asio.hpp>

int main() try {
  hawser::server server{{}};
  server.on_upgrade([](hawser::upgrade& asked) {
    const auto language = asked.request().header("Accept-Language");
    asked.data() = std::string{asked.request().cookie("name").value_or("guest")};
    asked.accept({{"Content-Language", language.value_or("en")}, {"Set-Cookie", "seen=1"}});
  });
  server.on_open([](hawser::session& peer) { peer.send(peer.data<std::string>()); });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  hawser::connect_options options{.cookie = "name=Anna"};
  options.handshake.headers.add("Accept-Language", "fr");
  auto peer = hawser::connect("ws://127.0.0.1:" + std::to_string(server.port()), options);
  std::cout << peer.read()->text() << ' ' << peer.response().header("Content-Language").value()
            << ' ' << peer.response().header("Set-Cookie").value() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
