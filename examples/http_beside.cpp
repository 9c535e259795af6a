// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <string>

#include <hawser/asio.hpp>

#include "arguments.hpp"

constexpr auto help = R"(http_beside [[ADDRESS:]PORT [TOKEN]]

Serves WebSockets and plain HTTP on one port.
GET /health answers, and the body of a POST to /say, also from pages of
example.com, is sent to all WebSockets of /room. /room?name=Anna announces
Anna to the others.

  [ADDRESS:]PORT  where it listens; 127.0.0.1:9001 by default
  TOKEN           the POST needs "Authorization: Bearer TOKEN"; none by default

Example: http_beside 9001 secret
)";

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 2};
  const auto where = given.listen(0, 9001);

  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  hawser::server server{options};
  const auto token = given.text(1);

  server.route("/room").on_open([&](hawser::session& peer) {
    if (const auto name = peer.request().query("name")) {
      const auto is_other = [&](const hawser::session& each) { return each != peer; };
      server.broadcast(hawser::prepared_message{*name + " is here"}, is_other);
    }
  });

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
      if (said.error() != hawser::errc{}) answer.status = 400;  // not UTF-8
      server.broadcast(said);
    } else {
      answer.status = 405;
      answer.headers.add("Allow", "POST, OPTIONS");
    }
    return answer;
  });

  server.stop_on_signals();
  std::cout << "listening on " << where.url("ws", server.port()) << "room" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
