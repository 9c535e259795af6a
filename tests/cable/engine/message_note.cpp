// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/message_note.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "hawser/asio/server.hpp"
#include "hawser/cable/channel.hpp"
#include "hawser/cable/channel_definition.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/testing.hpp"
#include "support/catch.hpp"
#include "support/shared_broker.hpp"

namespace message_note_tests {

using hawser::cable::detail::message_note;
namespace cable = hawser::cable;
using cable::json;
using lines = std::vector<std::string>;

const std::string room = R"({"channel":"Room"})";
const std::string plain_room = R"({"channel":"PlainRoom"})";
const std::string echo_id = R"({"channel":"Heard"})";

struct kept_room : cable::channel {
  void subscribed() { stream_from("room", {.history = cable::history_options{}}); }
};

struct unkept_room : cable::channel {
  void subscribed() { stream_from("plain"); }
};

/// Has a callback, which transmits what it gets.
struct echoing_room : cable::channel {
  void subscribed() {
    stream_from("plain", [this](const json& got) { transmit({{"heard", got}}); });
  }
};

/// Two servers with one broker, as two processes with one Redis.
struct two_processes : hawser::testing::world {
  two_processes() {
    for (auto* const server : {&one, &two}) {
      server->add_channel<kept_room>("Room");
      server->add_channel<unkept_room>("PlainRoom");
      server->add_channel<echoing_room>("Heard");
    }
    one.mount(http.route("/one"));
    two.mount(http.route("/two"));
    serve(http);
  }

  static cable::server_options enabled() {
    cable::server_options options;
    options.extended.enabled = true;
    return options;
  }

  /// A client with this subscription, and its sid.
  std::pair<hawser::testing::peer, std::string> join(const std::string& path,
                                                     const std::string& identifier) {
    auto peer = connect(path, {{"Sec-WebSocket-Protocol", "actioncable-v1-ext-json"}});
    peer.answers_pings();
    const std::string sid = json::parse(peer.expect_text()).at("sid");
    peer.sends_text(cable::subscribe_command(identifier));
    peer.expect_text(cable::confirmation_message(identifier));
    return {std::move(peer), sid};
  }

  hawser::test::shared_broker broker;
  cable::server one{broker, enabled()};
  cable::server two{broker, enabled()};
  hawser::server http{context(), {.listener = hawser::first_listener::none}};
};

TEST_CASE("the position of the next message has an epoch and an offset", "[cable][R-EXT]") {
  using cable::detail::position_of_note;
  const auto read = position_of_note("room", "e1 18446744073709551615");
  REQUIRE(read);
  CHECK(read->stream_id == "room");
  CHECK(read->epoch == "e1");
  CHECK(read->offset == 18446744073709551615u);
  for (const auto* wrong : {"", "e1", "e1 ", "e1 x", "e1 1 ", "e1 -1", "e1 18446744073709551616"}) {
    CAPTURE(wrong);
    CHECK_FALSE(position_of_note("room", wrong));
  }
}

TEST_CASE("a note says what the form of Rails cannot say", "[cable][R-EXT][R-OTHERS]") {
  CHECK(message_note{}.text().empty());
  for (const auto& one :
       {message_note{true, ""}, message_note{false, "s 1"}, message_note{true, "s"}}) {
    CHECK(message_note::is_note(one.text()));
    CHECK(message_note::parse(one.text()) == one);
  }
  for (const auto* const text : {"!", "!x", "!xs", "!T"}) {
    CHECK(message_note::parse(text) == message_note{});
  }
  CHECK_FALSE(message_note::is_note("epoch 1"));
  CHECK_FALSE(message_note::is_note("-mark"));
}

TEST_CASE("a transient message is not kept by other processes either", "[cable][R-EXT][R-REDIS]") {
  two_processes world;
  auto ann = world.join("/one", room).first;
  auto bob = world.join("/two", room).first;
  world.one.broadcast("room", 1, {.transient = true});
  CHECK(world.broker.deliver() == lines{"$history:room !t", "room 1"});
  ann.expect_text(cable::data_message(room, "1"));
  bob.expect_text(cable::data_message(room, "1"));
  world.one.broadcast("room", 2);
  CHECK(world.broker.deliver() == lines{"room 2"});
  for (auto* const peer : {&ann, &bob}) {
    CHECK(json::parse(peer->expect_text()).at("offset") == 1);
    peer->sends_text(cable::history_command(room, {{"since", 0}}));
    CHECK(json::parse(peer->expect_text()).at("message") == 2);
    peer->expect_text(cable::history_confirmation_message(room));
  }
}

TEST_CASE("a session is excepted in the process that has its connection",
          "[cable][R-OTHERS][R-REDIS]") {
  two_processes world;
  const auto identifier = GENERATE(room, plain_room);
  const std::string stream = identifier == room ? "room" : "plain";
  auto ann = world.join("/one", identifier).first;
  auto [bob, bobs] = world.join("/two", identifier);
  auto eve = world.join("/two", identifier).first;
  world.one.broadcast(stream, "for others", {.except_sid = bobs});
  CHECK(world.broker.deliver() ==
        lines{"$history:" + stream + " !k" + bobs, stream + R"( "for others")"});
  CHECK(json::parse(ann.expect_text()).at("message") == "for others");
  CHECK(json::parse(eve.expect_text()).at("message") == "for others");
  bob.expect_nothing();
  world.one.broadcast(stream, "for all");
  world.broker.deliver();
  CHECK(json::parse(bob.expect_text()).at("message") == "for all");
  world.two.broadcast(stream, "again", {.except_sid = bobs, .transient = true});
  CHECK(world.broker.deliver() == lines{"$history:" + stream + " !t", stream + R"( "again")"});
}

TEST_CASE("callbacks of streams of an excepted session are not called",
          "[cable][R-OTHERS][R-REDIS]") {
  two_processes world;
  auto [ann, anns] = world.join("/two", echo_id);
  world.one.broadcast("plain", 1, {.except_sid = anns});
  world.broker.deliver();
  ann.expect_nothing();
  world.one.broadcast("plain", 2, {.except_sid = "unknown"});
  world.broker.deliver();
  ann.expect_text(cable::data_message(echo_id, R"({"heard":2})"));
}

TEST_CASE("a sid that no session has is not passed on if it is too long", "[cable][R-OTHERS]") {
  two_processes world;
  world.one.broadcast("plain", 1, {.except_sid = std::string(257, 'x')});
  CHECK(world.broker.deliver() == lines{"plain 1"});
  world.one.broadcast("plain", 1, {.except_sid = std::string(256, 'x')});
  CHECK(world.broker.deliver().size() == 2);
}

TEST_CASE("only streams that clients of the extended protocol have get notes",
          "[cable][R-EXT][R-REDIS]") {
  two_processes world;
  auto ann = world.connect("/one", {{"Sec-WebSocket-Protocol", "actioncable-v1-json"}});
  ann.answers_pings();
  ann.expect_text();
  ann.sends_text(cable::subscribe_command(plain_room));
  ann.expect_text(cable::confirmation_message(plain_room));
  CHECK(std::ranges::count(world.broker.topics, "$history:plain") == 0);
  world.join("/one", plain_room);
  CHECK(std::ranges::count(world.broker.topics, "$history:plain") == 1);
  world.join("/one", plain_room);
  CHECK(std::ranges::count(world.broker.topics, "$history:plain") == 1);
}

}  // namespace message_note_tests
