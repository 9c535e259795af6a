// SPDX-License-Identifier: BSL-1.0
// http_beside [port [token]]: WebSockets and plain HTTP on one port. GET /health answers, and the body
// of a POST to /say, also from pages of example.com, is sent to all WebSockets of /room. With a token,
// the POST needs `Authorization: Bearer TOKEN`. /room?name=Anna announces Anna to the others.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <hawser/asio.hpp>

int main(int argc, char** argv) try {
  hawser::server_options options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 9001);
  hawser::server server{options};
  std::vector<hawser::session> members;  // one thread, so no lock
  const std::string token = argc > 2 ? argv[2] : "";

  auto& room = server.route("/room");
  room.on_open([&](hawser::session& peer) {
    if (const auto name = peer.request().query("name")) {
      for (auto& member : members) member.send(*name + " is here");
    }
    members.push_back(peer);
  });
  room.on_close([&](hawser::session& peer, const hawser::closed&) { std::erase(members, peer); });

  server.route("/health").on_http(
      [](const hawser::request&) { return hawser::response{.body = "well\n"}; });

  server.route("/say").on_http([&](const hawser::request& asked) {
    hawser::response answer{.status = 204};
    answer.headers.add("Access-Control-Allow-Origin", "https://example.com");
    if (asked.method() == "OPTIONS") {  // a browser sends OPTIONS before the POST
      answer.headers.add("Access-Control-Allow-Methods", "POST");
      answer.headers.add("Access-Control-Allow-Headers", "Authorization, Content-Type");
    } else if (!hawser::constant_time_equal(asked.bearer_token().value_or(""), token)) {
      answer.status = 401;
      answer.headers.add("WWW-Authenticate", "Bearer");
    } else if (asked.method() == "POST") {
      const hawser::prepared_message said{asked.body()};
      for (auto& member : members) member.send(said);
    } else {
      answer.status = 405;
      answer.headers.add("Allow", "POST, OPTIONS");
    }
    return answer;
  });

  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/room" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
