// SPDX-License-Identifier: BSL-1.0
// The handlers of a server are tested without sockets, on virtual time.
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

void test_chat() {
  hawser::testing::world world;
  hawser::server server{world.context(), {.listener = hawser::first_listener::none}};
  set_up(server);
  world.serve(server);

  if (world.request("/chat").status != 401) throw std::runtime_error{"a stranger is accepted"};
  auto peer = world.connect("/chat", {{"Cookie", "user=ann"}});
  peer.sends_text("hi");
  peer.expect_text("hi");
  world.advance(20s);  // the interval of keep-alive pings
  peer.sends_pong(peer.expect_ping());
  peer.sends_close();
  peer.expect_close(hawser::close_code::normal);
  peer.expect_end();
}

int main() try {
  test_chat();
  std::cout << "passed" << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
