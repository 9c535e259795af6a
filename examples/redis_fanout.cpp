// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <memory>
#include <string_view>
#include <system_error>

#include <hawser/redis.hpp>

#include "arguments.hpp"

constexpr auto help = R"(redis_fanout [REDIS [[ADDRESS:]PORT]]

A chat of several server processes that share a Redis server.
Each message of a client goes to the clients of all processes, in one order.
Each client is greeted once it is in the room, and gets all messages from then on.

  REDIS           redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or unix:/PATH;
                  redis://localhost:6379 by default
  [ADDRESS:]PORT  where it listens; 127.0.0.1:9001 by default

Example: redis_fanout redis://localhost 9001
)";

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 2};
  const auto where = given.listen(1, 9001);

  hawser::hub hub;
  hawser::redis_broker broker{{
      .url = given.text(0, "redis://localhost:6379"),
      .channel_prefix = "redis_fanout",
      .on_error =
          [](std::error_code why, std::string_view detail) {
            std::cerr << "Redis: " << why.message() << ' ' << detail << '\n';
          },
  }};
  const auto bridge = std::make_shared<hawser::subscriber>();
  bridge->on_publication = [&](const hawser::publication& got) { hub.publish(got); };
  bridge->on_gap = [&] {
    hub.publish("room", hawser::prepared_message{"(messages may be missing here)"});
  };

  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  hawser::server server{options};
  server.on_open([&](hawser::session& peer) {
    hub.subscribe(peer, "room");
    peer.send("(in the room)");
  });
  server.on_message([&](hawser::session& peer, hawser::message_view message) {
    const auto error = broker.publish({"room", hawser::prepared_message{message}});
    if (error) peer.send("error: " + error.message());
  });
  server.stop_on_signals();
  std::cout << "listening on " << where.url("ws", server.port()) << std::endl;
  broker.subscribe(bridge, "room", [](std::error_code error) {
    std::cout << (error ? error.message() : "in the room") << std::endl;
  });
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
