// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/cable/channel.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/heads.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

const std::string board_id = R"({"channel":"Board"})";
constexpr std::string_view cable_protocol = "Sec-WebSocket-Protocol: actioncable-v1-json\r\n";
constexpr std::string_view offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

struct board : cable::channel {
  void subscribed() { stream_from("board"); }
};

/// A cable server over TCP with this extension.
class compressing_cable {
 public:
  explicit compressing_cable(any_negotiator extension)
      : served_{broker_}, http_{{.extension = std::move(extension)}} {
    served_.add_channel<board>("Board");
    served_.mount(http_.route("/cable"));
    serving_ = std::thread{[this] { http_.run(); }};
  }
  ~compressing_cable() {
    http_.shutdown();
    serving_.join();
  }
  compressing_cable(const compressing_cable&) = delete;
  compressing_cable& operator=(const compressing_cable&) = delete;

  std::uint16_t port() const { return http_.port(); }

  void broadcast_when_subscribed(std::size_t count, const cable::json& message) {
    REQUIRE(eventually([&] { return served_.statistics().subscriptions == count; }));
    CHECK_FALSE(served_.broadcast("board", message));
  }

 private:
  memory_broker broker_;
  cable::server served_;
  server http_;
  std::thread serving_;
};

/// The first message of the channel that arrives.
std::string first_data(client_websocket& peer) {
  const auto start = cable::data_message(board_id, "0");
  while (const auto message = peer.read()) {
    const std::string text{message->text()};
    if (text.starts_with(std::string_view{start}.substr(0, start.size() - 2))) return text;
  }
  return "nothing";
}

client_websocket subscribed(std::uint16_t port, any_negotiator extension = {}) {
  connect_options options{.extension = std::move(extension)};
  options.handshake.subprotocols = {"actioncable-v1-json"};
  auto peer = connect("ws://127.0.0.1:" + std::to_string(port) + "/cable", options);
  CHECK_FALSE(peer.write(cable::subscribe_command(board_id)));
  return peer;
}

TEST_CASE("a cable server compresses for the clients that offer it, if it is enabled",
          "[cable][R-DEFLATE]") {
  compressing_cable world{permessage_deflate{}};
  auto compressing = subscribed(world.port(), permessage_deflate{});
  auto plain = subscribed(world.port());
  REQUIRE(compressing.extensions().size() == 1);
  CHECK(compressing.extensions()[0].name == "permessage-deflate");
  CHECK(plain.extensions().empty());
  auto raw = opened(world.port(), upgrade_to("/cable", std::string{offer}.append(cable_protocol)));
  raw.send(frame_from(role::client, opcode::text, cable::subscribe_command(board_id)));
  const std::string long_text(2'000, 'x');
  const auto expected = cable::data_message(board_id, '"' + long_text + '"');
  world.broadcast_when_subscribed(3, long_text);
  CHECK(first_data(compressing) == expected);
  CHECK(first_data(plain) == expected);
  // After the welcome and the confirmation, among pings.
  std::size_t compressed = 0;
  for (std::size_t count = 1; compressed == 0 && count != 100; ++count) {
    for (const auto& frame : raw.receive_frames(1)) compressed += frame.starts_with("text rsv 4");
  }
  CHECK(compressed == 1);
}

TEST_CASE("a cable server without compression ignores that a client offers it, as Rails does",
          "[cable][R-DEFLATE]") {
  compressing_cable world{any_negotiator{}};
  auto offering = subscribed(world.port(), permessage_deflate{});
  CHECK(offering.extensions().empty());
  world.broadcast_when_subscribed(1, "hello");
  CHECK(first_data(offering) == cable::data_message(board_id, R"("hello")"));
}

}  // namespace
