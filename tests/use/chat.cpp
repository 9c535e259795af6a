// SPDX-License-Identifier: BSL-1.0
// A chat with user names: a text goes to all others of its room, after the name of its author.
// Prints: Bert B. is here
// Prints: Bert B.: good morning
// Prints: Bert B. has left
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include <hawser/asio.hpp>

int main() try {
  hawser::server server{{}};
  const auto say = [&](const hawser::session& from, const std::string& text) {
    server.broadcast(hawser::prepared_message{text}, [&](const hawser::session& each) {
      return each != from && each.parameter("room") == from.parameter("room");
    });
  };
  auto& rooms = server.route("/rooms/:room");
  rooms.on_upgrade([](hawser::upgrade& asked) {
    const auto name = asked.request().query("name");
    if (name) asked.data() = *name;
    name ? asked.accept() : asked.reject(400, "/rooms/ROOM?name=NAME\n");
  });
  rooms.on_open([&](hawser::session& peer) { say(peer, peer.data<std::string>() + " is here"); });
  rooms.on_message([&](hawser::session& peer, hawser::message_view message) {
    say(peer, peer.data<std::string>() + ": " + std::string{message.text()});
  });
  rooms.on_close([&](hawser::session& peer, const hawser::closed&) {
    say(peer, peer.data<std::string>() + " has left");
  });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  const auto url = "ws://127.0.0.1:" + std::to_string(server.port()) + "/rooms/";
  auto anna = hawser::connect(url + "tea?name=Anna");
  auto bert = hawser::connect(url + "tea?name=Bert%20B.");
  std::cout << anna.read()->text() << std::endl;
  bert.write("good morning");
  std::cout << anna.read()->text() << std::endl;
  bert.close();
  std::cout << anna.read()->text() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
