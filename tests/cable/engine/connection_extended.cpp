// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/connection_extended.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/cable/server.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "support/catch.hpp"
#include "support/memory_cable.hpp"

using namespace std::chrono_literals;
using namespace hawser::test;
namespace cable = hawser::cable;
using cable::json;

namespace {

/// Streams with everything from the names in `params`.
class extended_channel : public cable::channel {
 public:
  static void define(cable::channel_definition<extended_channel>& it) {
    it.on("join_as", &extended_channel::join_as);
    it.on("leave", [](extended_channel& of) { of.leave_presence(); });
    it.on("stop", [](extended_channel& of) { of.stop_all_streams(); });
  }

  void subscribed() {
    if (params().contains("closed")) return reject();
    const auto length = params().value("length", std::size_t{0});
    stream_from(length == 0 ? "chat" : std::string(length, 'x'),
                {.history = cable::history_options{}, .whisper = true, .presence = true});
  }

  void join_as(const json& data) {
    join_presence(data.at("id").get<std::string>(), data.at("info"));
  }
};

class unkept_channel : public cable::channel {
 public:
  void subscribed() { stream_from("chat"); }
};

const std::string extended_room = R"({"channel":"RoomChannel"})";
const std::string plain_room = R"({"channel":"PlainChannel"})";

struct extended_world : memory_cable {
  explicit extended_world(cable::server_options options = {}) : memory_cable{enabled(options)} {
    served.identified_by({"user"});
    served.on_connect([this](cable::connection& c) {
      ++connects;
      if (const auto user = c.request().query("user")) c.identify("user", *user);
    });
    served.add_channel<extended_channel>("RoomChannel");
    served.add_channel<unkept_channel>("PlainChannel");
    mount();
  }

  static cable::server_options enabled(cable::server_options options) {
    options.extended.enabled = true;
    return options;
  }

  /// A client of the extended protocol that has its welcome.
  hawser::testing::peer join(const std::string& query = "") {
    auto peer = connect("actioncable-v1-ext-json", query);
    const auto welcome = json::parse(peer.expect_text());
    CHECK(welcome.at("type") == "welcome");
    sid = welcome.at("sid");
    return peer;
  }

  hawser::testing::peer subscribe(const std::string& identifier = extended_room) {
    auto peer = join();
    peer.sends_text(cable::subscribe_command(identifier));
    peer.expect_text(cable::confirmation_message(identifier));
    return peer;
  }

  std::string sid;
  int connects = 0;
};

json next_json(hawser::testing::peer& peer) { return json::parse(peer.expect_text()); }

/// The epoch of a data message with this message and offset.
std::string expect_positioned(hawser::testing::peer& peer, const json& message,
                              std::uint64_t offset) {
  const auto got = next_json(peer);
  CHECK(got.at("identifier") == extended_room);
  CHECK(got.at("message") == message);
  CHECK(got.at("stream_id") == "chat");
  CHECK(got.at("offset") == offset);
  return got.at("epoch");
}

json history_since(std::int64_t second) { return {{"since", second}}; }
json history_after(const std::string& epoch, std::uint64_t offset) {
  return {{"streams", {{"chat", {{"epoch", epoch}, {"offset", offset}}}}}};
}

TEST_CASE("the extended protocol is chosen if it is enabled and offered", "[cable][R-EXT][R-SUB]") {
  extended_world world;
  auto peer =
      world.connect("actioncable-v1-json, actioncable-v1-ext-json, actioncable-unsupported");
  CHECK(peer.response().header("Sec-WebSocket-Protocol") == "actioncable-v1-ext-json");
  const auto welcome = next_json(peer);
  CHECK(welcome.at("sid").get<std::string>().size() == 24);
  CHECK_FALSE(welcome.contains("restored"));

  auto other = world.connect("actioncable-v1-json");
  other.expect_text(R"({"type":"welcome"})");
  for (const auto* const name : {"history", "whisper", "join", "leave", "presence", "ping"}) {
    other.sends_text(json{
        {"command", name}, {"identifier", extended_room}, {"data", {}}, {"history", json::object()}}
                         .dump());
  }
  other.expect_nothing();

  memory_cable disabled;
  disabled.mount();
  auto third = disabled.connect("actioncable-v1-ext-json, actioncable-v1-json");
  CHECK(third.response().header("Sec-WebSocket-Protocol") == "actioncable-v1-json");
  third.expect_text(R"({"type":"welcome"})");
}

TEST_CASE(
    "messages of streams with history have positions, for clients of the extended protocol alone",
    "[cable][R-EXT][R-FAST]") {
  extended_world world;
  auto ann = world.subscribe();
  auto bob = world.connect("actioncable-v1-json");
  bob.expect_text();
  bob.sends_text(cable::subscribe_command(extended_room));
  bob.expect_text(cable::confirmation_message(extended_room));
  auto eve = world.subscribe(plain_room);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    world.served.broadcast("chat", i);
    expect_positioned(ann, i, i);
    bob.expect_text(cable::data_message(extended_room, std::to_string(i)));
    eve.expect_text(cable::data_message(plain_room, std::to_string(i)));
  }
}

TEST_CASE("a client gets what it has missed, by position and by time", "[cable][R-EXT]") {
  extended_world world;
  auto ann = world.subscribe();
  for (int i = 1; i <= 3; ++i) world.served.broadcast("chat", i);
  const auto epoch = expect_positioned(ann, 1, 1);
  expect_positioned(ann, 2, 2);
  expect_positioned(ann, 3, 3);

  auto bob = world.join();
  bob.sends_text(cable::subscribe_command(extended_room, history_after(epoch, 1)));
  bob.expect_text(cable::confirmation_message(extended_room));
  expect_positioned(bob, 2, 2);
  expect_positioned(bob, 3, 3);
  bob.expect_text(cable::history_confirmation_message(extended_room));

  bob.sends_text(cable::history_command(extended_room, history_since(0)));
  for (std::uint64_t i = 1; i <= 3; ++i) expect_positioned(bob, i, i);
  bob.expect_text(cable::history_confirmation_message(extended_room));
  bob.sends_text(cable::history_command(extended_room, history_since(INT64_MAX)));
  bob.expect_text(cable::history_confirmation_message(extended_room));
  bob.sends_text(cable::history_command(extended_room, json::object()));
  bob.expect_text(cable::history_confirmation_message(extended_room));

  // What is published next comes once, to both.
  world.served.broadcast("chat", 4);
  expect_positioned(ann, 4, 4);
  expect_positioned(bob, 4, 4);
  bob.expect_nothing();
}

TEST_CASE("a history that has a gap is rejected, without messages", "[cable][R-EXT]") {
  extended_world world;
  auto ann = world.subscribe();
  for (int i = 1; i <= 120; ++i) world.served.broadcast("chat", i);
  const auto epoch = expect_positioned(ann, 1, 1);
  for (std::uint64_t i = 2; i <= 120; ++i) expect_positioned(ann, i, i);
  for (const auto& asked :
       {history_after("other", 120), history_after(epoch, 121), history_after(epoch, 19)}) {
    CAPTURE(asked.dump());
    ann.sends_text(cable::history_command(extended_room, asked));
    ann.expect_text(cable::history_rejection_message(extended_room));
    auto bob = world.join();
    bob.sends_text(cable::subscribe_command(extended_room, asked));
    bob.expect_text(cable::confirmation_message(extended_room));
    bob.expect_text(cable::history_rejection_message(extended_room));
    // It is subscribed nevertheless.
    world.served.broadcast("other", 1);
    bob.expect_nothing();
  }
  ann.sends_text(cable::history_command(extended_room, history_after(epoch, 20)));
  for (std::uint64_t i = 21; i <= 120; ++i) expect_positioned(ann, i, i);
  ann.expect_text(cable::history_confirmation_message(extended_room));
  auto bob = world.join();
  bob.sends_text(cable::subscribe_command(extended_room, history_after("other", 1)));
  bob.expect_text();
  bob.expect_text();
  world.served.broadcast("chat", 121);
  expect_positioned(bob, 121, 121);
}

TEST_CASE("the history of a subscription whose streams keep nothing is rejected",
          "[cable][R-EXT]") {
  extended_world world;
  auto eve = world.subscribe(plain_room);
  eve.sends_text(cable::history_command(plain_room, history_since(0)));
  eve.expect_text(cable::history_rejection_message(plain_room));
  world.served.broadcast("chat", 1);
  eve.expect_text(cable::data_message(plain_room, "1"));
}

TEST_CASE("a rejected subscription gets no history and joins nothing", "[cable][R-EXT]") {
  extended_world world;
  auto peer = world.join();
  const std::string closed = R"({"channel":"RoomChannel","closed":true})";
  auto command = json::parse(cable::subscribe_command(closed, history_since(0)));
  command["presence"] = {{"id", "ann"}};
  peer.sends_text(command.dump());
  peer.expect_text(cable::rejection_message(closed));
  peer.sends_text(cable::history_command(closed, history_since(0)));
  peer.sends_text(cable::subscribe_command(extended_room, {{"since", "x"}}));
  peer.sends_text(cable::history_command(extended_room, history_since(0)));
  peer.expect_nothing();
}

TEST_CASE("messages are kept before the first subscription of a client, and after the last one",
          "[cable][R-EXT]") {
  extended_world world;
  {
    auto ann = world.subscribe();
    world.served.broadcast("chat", 1);
    expect_positioned(ann, 1, 1);
    ann.sends_text(cable::unsubscribe_command(extended_room));
    ann.expect_nothing();
  }
  world.served.broadcast("chat", 2);
  auto bob = world.join();
  bob.sends_text(cable::subscribe_command(extended_room, history_since(0)));
  bob.expect_text(cable::confirmation_message(extended_room));
  expect_positioned(bob, 1, 1);
  expect_positioned(bob, 2, 2);
  bob.expect_text(cable::history_confirmation_message(extended_room));
}

TEST_CASE("a ping of a client is answered", "[cable][R-EXT]") {
  extended_world world;
  auto peer = world.join();
  peer.sends_text(cable::ping_command());
  peer.expect_text(cable::pong_message());
  peer.sends_text(cable::pong_command());
  peer.expect_nothing();
}

TEST_CASE("a client that answers no ping is closed with no_pong", "[cable][R-EXT]") {
  cable::server_options options;
  options.extended.pong_timeout = 2s;
  options.answers.spread_pings = false;
  extended_world world{options};
  auto silent = world.join();
  auto busy = world.join();
  auto other = world.connect("actioncable-v1-json");
  other.expect_text();
  for (int i = 0; i < 3; ++i) {
    world.advance(3s);
    if (i == 0) CHECK(next_json(silent).at("type") == "ping");
    CHECK(next_json(busy).at("type") == "ping");
    CHECK(next_json(other).at("type") == "ping");
    // Any command counts.
    busy.sends_text(i == 0 ? cable::pong_command() : cable::unsubscribe_command(extended_room));
    world.run();
  }
  silent.expect_text(cable::disconnect_message("no_pong", true));
  silent.expect_close(hawser::close_code::normal);
}

TEST_CASE("a client chooses the interval and the precision of pings, within limits",
          "[cable][R-EXT]") {
  cable::server_options options;
  options.answers.spread_pings = false;
  extended_world world{options};
  auto fast = world.join("?pi=0&ptp=ms");
  auto slow = world.join("?pi=10000&ptp=ns");
  slow.answers_pings();
  auto usual = world.join("?pi=x&ptp=h");
  world.advance(1s);
  const auto milliseconds = next_json(fast).at("message").get<std::int64_t>();
  CHECK(milliseconds > 1'500'000'000'000);
  CHECK(milliseconds < 15'000'000'000'000);
  usual.expect_nothing();
  world.advance(2s);
  CHECK(next_json(usual).at("message").get<std::int64_t>() < 15'000'000'000);
  world.advance(56s);
  slow.expect_nothing();
  world.advance(1s);
  CHECK(next_json(slow).at("message").get<std::int64_t>() > 1'500'000'000'000'000'000);
}

TEST_CASE("a whisper reaches all but its sender, and is not kept", "[cable][R-EXT][R-OTHERS]") {
  extended_world world;
  auto ann = world.subscribe();
  auto bob = world.subscribe();
  auto eve = world.subscribe(plain_room);
  ann.sends_text(cable::whisper_command(extended_room, {{"event", "typing"}}));
  bob.expect_text(cable::data_message(extended_room, R"({"event":"typing"})"));
  ann.expect_nothing();
  eve.expect_nothing();
  eve.sends_text(cable::whisper_command(plain_room, 1));
  ann.expect_nothing();
  bob.sends_text(cable::history_command(extended_room, history_since(0)));
  bob.expect_text(cable::history_confirmation_message(extended_room));
}

TEST_CASE("whispers and presence belong to streams with names of any length",
          "[cable][R-EXT][R-STREAM]") {
  for (const auto length : {1'013, 1'014, 1'015, 1'016, 1'024}) {
    CAPTURE(length);
    const auto room = R"({"channel":"RoomChannel","length":)" + std::to_string(length) + "}";
    extended_world world;
    auto ann = world.subscribe(room);
    auto bob = world.subscribe(room);
    auto eve = world.subscribe();
    ann.sends_text(cable::whisper_command(room, 1));
    bob.expect_text(cable::data_message(room, "1"));
    bob.sends_text(cable::join_command(room, {{"id", "b"}}));
    ann.expect_text(cable::presence_message(room, {{"type", "join"}, {"id", "b"}}));
    eve.expect_nothing();
  }
}

TEST_CASE("clients see the ids that are present", "[cable][R-EXT]") {
  extended_world world;
  auto ann = world.subscribe();
  auto bob = world.subscribe();
  const auto join = cable::join_command(extended_room, {{"id", "u1"}, {"info", {{"n", 1}}}});
  const auto joined = cable::presence_message(
      extended_room, {{"type", "join"}, {"id", "u1"}, {"info", {{"n", 1}}}});
  ann.sends_text(join);
  CHECK(next_json(ann) == json::parse(joined));
  CHECK(next_json(bob) == json::parse(joined));
  // The same id once more, by another client: no second event.
  bob.sends_text(cable::join_command(extended_room, {{"id", "u1"}, {"info", {{"n", 2}}}}));
  bob.expect_nothing();
  ann.sends_text(cable::presence_command(extended_room));
  CHECK(next_json(ann) ==
        json::parse(cable::presence_message(
            extended_room,
            json::parse(R"({"type":"info","total":1,"records":[{"id":"u1","info":{"n":2}}]})"))));
  ann.sends_text(cable::presence_command(extended_room, {{"return_records", false}}));
  CHECK(next_json(ann) ==
        json::parse(cable::presence_message(extended_room, {{"type", "info"}, {"total", 1}})));
  // A session has one id.
  ann.sends_text(cable::join_command(extended_room, {{"id", "u2"}}));
  ann.expect_text(cable::presence_message(extended_room, {{"type", "error"}}));

  ann.sends_text(cable::leave_command(extended_room));
  ann.expect_nothing();
  bob.sends_text(cable::unsubscribe_command(extended_room));
  const auto left =
      json::parse(cable::presence_message(extended_room, {{"type", "leave"}, {"id", "u1"}}));
  CHECK(next_json(ann) == left);
  bob.expect_nothing();
  ann.sends_text(cable::leave_command(extended_room));
  ann.expect_nothing();
}

TEST_CASE("presence comes with a subscription, by an action, and by the connection's identifier",
          "[cable][R-EXT]") {
  extended_world world;
  auto ann = world.join("?user=7");
  auto command = json::parse(cable::subscribe_command(extended_room, history_since(0)));
  command["presence"] = json::object();
  ann.sends_text(command.dump());
  ann.expect_text(cable::confirmation_message(extended_room));
  ann.expect_text(cable::history_confirmation_message(extended_room));
  CHECK(next_json(ann).at("message") == json{{"type", "join"}, {"id", "7"}});

  auto bob = world.subscribe();
  // Without an identifier there is no id.
  bob.sends_text(cable::join_command(extended_room, json::object()));
  bob.expect_text(cable::presence_message(extended_room, {{"type", "error"}}));
  bob.sends_text(
      cable::message_command(extended_room, {{"action", "join_as"}, {"id", "b"}, {"info", 1}}));
  CHECK(next_json(bob).at("message") == json{{"type", "join"}, {"id", "b"}, {"info", 1}});
  CHECK(next_json(ann).at("message").at("id") == "b");
  bob.sends_text(cable::message_command(extended_room, {{"action", "leave"}}));
  CHECK(next_json(ann).at("message") == json{{"type", "leave"}, {"id", "b"}});
  ann.sends_text(cable::message_command(extended_room, {{"action", "stop"}}));
  CHECK(next_json(bob).at("message").at("id") == "b");
  CHECK(next_json(bob).at("message") == json{{"type", "leave"}, {"id", "7"}});
  ann.expect_nothing();
  // Channels without presence.
  auto eve = world.subscribe(plain_room);
  eve.sends_text(cable::join_command(plain_room, {{"id", "e"}}));
  eve.expect_text(cable::presence_message(plain_room, {{"type", "error"}}));
  eve.sends_text(cable::presence_command(plain_room));
  eve.expect_text(cable::presence_message(plain_room, {{"type", "error"}}));
}

TEST_CASE("a client that is lost leaves after some time", "[cable][R-EXT]") {
  extended_world world;
  auto ann = world.subscribe();
  auto bob = world.subscribe();
  bob.sends_text(cable::join_command(extended_room, {{"id", "b"}}));
  ann.expect_text();
  bob.resets_stream();
  world.advance(14s);
  const auto skip_pings = [&] {
    for (auto one = ann.next(); one; one = ann.next()) {
      const auto got = json::parse(one->text());
      if (got.at("type") != "ping") return got;
    }
    return json{};
  };
  CHECK(skip_pings() == json{});
  world.advance(5s);
  CHECK(skip_pings().at("message") == json{{"type", "leave"}, {"id", "b"}});
}

}  // namespace
