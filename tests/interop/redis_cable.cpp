// SPDX-License-Identifier: BSL-1.0
// redis_cable URL PREFIX: a cable server at /cable whose histories, sessions and presence are in that Redis. RoomChannel
// streams from `room`, LobbyChannel has the presence of `lobby`, with two seconds for what is lost, and three ids. A line is a JSON text, which it broadcasts to the room, also after `transient ` or `except SID `, or `disconnect`,
// which ends the connections of all servers.
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <hawser/cable.hpp>
#include <hawser/redis.hpp>

namespace {

namespace cable = hawser::cable;

class room_channel : public cable::channel {
 public:
  void subscribed() { stream_from("room", {.history = cable::history_options{}}); }
};

class lobby_channel : public cable::channel {
 public:
  void subscribed() { stream_from("lobby", {.presence = true}); }
};

/// Does what a line says.
std::error_code obey(const cable::server& served, std::string_view line) {
  if (line == "disconnect") return served.disconnect({{"user", "ann"}});
  cable::broadcast_options options;
  if (line.starts_with("transient ")) {
    options.transient = true;
    line.remove_prefix(line.find(' ') + 1);
  } else if (line.starts_with("except ")) {
    line.remove_prefix(line.find(' ') + 1);
    options.except_sid = line.substr(0, line.find(' '));
    line.remove_prefix(line.find(' ') + 1);
  }
  return served.broadcast_text("room", line, options);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  hawser::redis_broker broker{{
      .url = argv[1],
      .channel_prefix = argv[2],
      .reconnect = {.base = std::chrono::milliseconds{20}, .cap = std::chrono::milliseconds{200}},
  }};
  hawser::redis_history history{broker};
  hawser::redis_sessions sessions{broker};
  hawser::redis_presence presence{broker, {.lease = std::chrono::seconds{2}}};
  cable::server_options options;
  options.extended = {.enabled = true,
                      .store = &history,
                      .session_store = &sessions,
                      .presence_store = &presence,
                      .presence = {.ttl = std::chrono::seconds{2}, .max_ids_per_stream = 3}};
  cable::server served{broker, options};
  served.identified_by({"user"});
  served.on_connect([](cable::connection& one) { one.identify("user", std::string{"ann"}); });
  served.add_channel<room_channel>("RoomChannel");
  served.add_channel<lobby_channel>("LobbyChannel");

  hawser::server server{hawser::server_options{}};
  auto& route = server.route("/cable");
  route.options().handshake.origin = hawser::any_origin;
  served.mount(route);
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/cable" << std::endl;
  std::thread reader{[&] {
    for (std::string line; std::getline(std::cin, line);) {
      const auto ec = obey(served, line);
      std::cout << "broadcast " << (ec ? ec.message() : "accepted") << std::endl;
    }
    server.shutdown();
  }};
  server.run();
  reader.join();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
