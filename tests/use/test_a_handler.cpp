// SPDX-License-Identifier: BSL-1.0
// The handlers of a server and of a client are tested without sockets, on virtual time.
// Prints: passed
#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>

#include <hawser/testing.hpp>

using namespace std::chrono_literals;

// The code under test, as the program calls it too.
void set_up(hawser::server& server) {
  server.route("/chat")
      .on_upgrade([](hawser::upgrade& asked) {
        asked.request().cookie("user") ? asked.accept() : asked.reject(401);
      })
      .on_message([](hawser::session& user, hawser::message_view said) { user.send(said); });
}

void check(bool met, const char* what) {
  if (!met) throw std::runtime_error{what};
}

void test_chat() {
  hawser::testing::world world;
  hawser::server_options options{.listener = hawser::first_listener::none};
  options.connection.keep_alive_interval = 30s;
  hawser::server server{world.context(), options};
  set_up(server);
  world.serve(server);

  check(world.request("/chat").status == 401, "a stranger is rejected");
  auto peer = world.connect("/chat", {{"Cookie", "user=ann"}});
  peer.sends_text("hi");
  peer.expect_text("hi");
  world.advance(30s);
  peer.sends_pong(peer.expect_ping());
  peer.sends_close();
  peer.expect_close(hawser::close_code::normal);
  peer.expect_end();
}

void test_client() {
  hawser::testing::world world;
  hawser::client client{world.context(), {.url = "ws://chat.example/chat"}};
  client.on_open([](hawser::session& server) { server.send("hello"); });
  client.start();

  world.accept().expect_text("hello");  // This peer is then destroyed: the connection breaks.
  while (!world.has_client()) world.advance(1s);
  world.accept().expect_text("hello");
}

int main() try {
  test_chat();
  test_client();
  std::cout << "passed" << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
