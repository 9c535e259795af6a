// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/server.hpp"

#include <chrono>
#include <string>
#include <string_view>

#include "hawser/asio/server.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
namespace cable = hawser::cable;
using cable::json;

namespace {

class chat final : public cable::channel {
 public:
  static void define(cable::channel_definition<chat>& it) {
    it.on("echo", &chat::echo);
    it.on("speak", &chat::speak);
  }

  void subscribed() {
    if (params().contains("closed")) return reject();
    stream_from("room");
  }
  void echo(const json& data) { transmit(data); }
  asio::awaitable<void> speak(const json& data) {
    broadcast("room", data.at("text"));
    co_return;
  }
};

const std::string id = R"({"channel":"ChatChannel"})";

}  // namespace

TEST_CASE("a client subscribes, performs, gets broadcasts and unsubscribes", "[cable]") {
  hawser::testing::world world;
  hawser::memory_broker broker;
  cable::server served{broker};
  served.add_channel<chat>("ChatChannel");
  hawser::server http{world.context(), {.listener = hawser::first_listener::none}};
  served.mount(http.route("/cable"));
  world.serve(http);

  auto peer = world.connect("/cable", {{"Sec-WebSocket-Protocol", "actioncable-v1-json"}});
  peer.expect_text(R"({"type":"welcome"})");
  peer.sends_text(cable::subscribe_command(id));
  peer.expect_text(cable::confirmation_message(id));
  peer.sends_text(cable::message_command(id, {{"action", "echo"}, {"n", 1}}));
  peer.expect_text(cable::data_message(id, R"({"action":"echo","n":1})"));
  peer.sends_text(cable::message_command(id, {{"action", "speak"}, {"text", "hi"}}));
  peer.expect_text(cable::data_message(id, R"("hi")"));
  served.broadcast("room", {{"a", 1}});
  peer.expect_text(cable::data_message(id, R"({"a":1})"));
  world.advance(3s);
  CHECK(json::parse(peer.expect_text()).at("type") == "ping");
  peer.sends_text(cable::unsubscribe_command(id));
  peer.expect_nothing();
  served.broadcast("room", 1);
  peer.expect_nothing();
  CHECK(served.statistics().streams == 1);
  CHECK(served.statistics().connections == 1);
  peer.sends_close();
  peer.expect_close(hawser::close_code::normal);
  world.run();
  CHECK(served.statistics().connections == 0);
}
