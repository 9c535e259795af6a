// SPDX-License-Identifier: BSL-1.0
//
// cable_server [plain]: what bench/cable measures: an Action Cable server, or one that answers the same commands by hand
// and broadcasts the same bytes as plain messages of a hub. Prints its address.

#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>

#include "hawser/asio/server.hpp"
#include "hawser/cable.hpp"
#include "hawser/pubsub/hub.hpp"
#include "hawser/pubsub/memory_broker.hpp"

namespace {

namespace cable = hawser::cable;
using cable::json;

class room_channel : public cable::channel {
 public:
  static void define(cable::channel_definition<room_channel>& it) {
    it.on("burst", &room_channel::burst);
  }
  void subscribed() { stream_from(params().at("stream").get<std::string>()); }
  void burst(const json& data) {
    const auto stream = params().at("stream").get<std::string>();
    auto message = data;
    message.erase("action");
    message.erase("count");
    for (auto left = data.at("count").get<std::size_t>(); left != 0; --left)
      broadcast(stream, message);
  }
};

void serve_cable(hawser::server& server) {
  hawser::memory_broker broker;
  cable::server cable{broker};
  cable.on_connect([](cable::connection&) {});
  cable.add_channel<room_channel>("RoomChannel");
  cable.mount(server.route("/cable"));
  server.run();
}

void serve_plain(hawser::server& server) {
  hawser::hub hub;
  auto& route = server.route("/cable");
  route.options().handshake.subprotocols = {"actioncable-v1-json"};
  route.on_open([](hawser::session& peer) { peer.send(cable::welcome_message()); });
  route.on_message([&](hawser::session& peer, hawser::message_view got) {
    const auto asked = cable::parse_command(got.text());
    if (!asked.parsed) return;
    if (asked.parsed->type == cable::command_type::subscribe) {
      hub.subscribe(peer, "bench");
      peer.send(cable::confirmation_message(asked.identifier));
      return;
    }
    auto message = asked.parsed->data;
    message.erase("action");
    message.erase("count");
    const auto text = cable::data_message(asked.identifier, cable::to_text(message));
    for (auto left = asked.parsed->data.at("count").get<std::size_t>(); left != 0; --left) {
      hub.publish("bench", hawser::prepared_message{text});
    }
  });
  server.run();
}

}  // namespace

int main(int argc, char** argv) {
  hawser::server server{hawser::server_options{}};
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/cable" << std::endl;
  const bool plain = argc > 1 && std::string_view{argv[1]} == "plain";
  plain ? serve_plain(server) : serve_cable(server);
}
