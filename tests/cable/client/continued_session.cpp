// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/client/continued_session.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "hawser/cable/command.hpp"
#include "hawser/cable/consumer.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing.hpp"
#include "support/catch.hpp"
#include "support/lossy_network.hpp"

using namespace hawser;
using namespace hawser::cable;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

const json kept_room{{"channel", "KeptChannel"}};
const std::string kept_room_id = to_text(kept_room);
const json plain_room{{"channel", "PlainChannel"}};

struct continued_kept : channel {
  static void define(channel_definition<continued_kept>&) {}
  void subscribed() { stream_from("kept", {.history = history_options{}}); }
};

struct continued_plain : channel {
  static void define(channel_definition<continued_plain>&) {}
  void subscribed() { stream_from("plain"); }
};

/// Handlers of a subscription that write a story.
subscription_handlers telling(lines& story, const std::string& name) {
  return {.on_connected =
              [&story, name](const connected_info& how) {
                story.push_back(name + " connected" + (how.reconnected ? " again" : "") +
                                (how.gap ? " gap" : ""));
              },
          .on_disconnected = [&story,
                              name](const disconnected_info&) { story.push_back(name + " lost"); },
          .on_rejected = [&story, name](std::error_code) { story.push_back(name + " rejected"); },
          .on_received = [&story,
                          name](const json& got) { story.push_back(name + ' ' + to_text(got)); }};
}

/// A consumer and a cable server, and the network between them.
struct joined_world {
  testing::world world;
  hawser::test::lossy_network network{world};
  memory_broker broker;
  cable::server_options options;
  int connects = 0;
  std::string target;

  struct process {
    explicit process(joined_world& its) : served{its.broker, its.options} {
      served.on_connect([&its](cable::connection& from) {
        ++its.connects;
        its.target = from.request().target();
      });
      served.add_channel<continued_kept>("KeptChannel");
      served.add_channel<continued_plain>("PlainChannel");
      served.mount(http.emplace(its.world.context(),
                                hawser::server_options{.listener = first_listener::none})
                       .route("/cable"));
      its.world.serve(*http);
    }
    cable::server served;
    std::optional<hawser::server> http;
  };
  std::optional<process> runs;
  lines story;
  std::optional<consumer> one;

  explicit joined_world(bool extended_server = true, bool extended_consumer = true) {
    options.extended.enabled = extended_server;
    start_server();
    one.emplace(world.context(), consumer_options{.client = {.url = "http://localhost/cable"},
                                                  .extended = extended_consumer});
  }

  void start_server() {
    runs.emplace(*this);
    network.attach();
    world.run();
  }

  /// Subscribes and connects, and waits for a ping.
  subscription start(const json& room = kept_room) {
    auto made = one->subscribe(room, telling(story, "s"));
    one->connect();
    world.advance(4s);
    CHECK(take_story() == lines{"s connected"});
    return made;
  }

  void publish(int from, int to, const std::string& stream = "kept") {
    for (int i = from; i <= to; ++i) runs->served.broadcast(stream, i);
    world.run();
  }

  /// The connection breaks; what the server publishes meanwhile does not arrive.
  void lose(int from, int to, const std::string& stream = "kept") {
    network.hold();
    publish(from, to, stream);
    network.lose_all();
    world.run();
  }

  void come_back() { world.advance(15s); }

  lines take_story() { return std::exchange(story, {}); }
};

TEST_CASE("a consumer that was lost continues its session, and receives what it has missed",
          "[cable][R-CLIENT][R-EXT]") {
  joined_world its;
  its.start();
  its.publish(1, 2);
  its.lose(3, 4);
  CHECK(its.take_story() == lines{"s 1", "s 2", "s lost"});
  its.publish(5, 5);
  its.come_back();
  CHECK(its.take_story() == lines{"s 3", "s 4", "s 5", "s connected again"});
  its.publish(6, 6);
  CHECK(its.take_story() == lines{"s 6"});
  CHECK(its.connects == 1);
  SECTION("also the next time") {
    its.lose(7, 8);
    its.come_back();
    CHECK(its.take_story() == lines{"s lost", "s 7", "s 8", "s connected again"});
    CHECK(its.connects == 1);
  }
}

TEST_CASE("a stream that has sent nothing yet is continued since the last ping",
          "[cable][R-CLIENT][R-EXT]") {
  joined_world its;
  its.start();
  its.lose(1, 2);
  its.come_back();
  CHECK(its.take_story() == lines{"s lost", "s 1", "s 2", "s connected again"});
}

TEST_CASE("what the server does not keep is reported as a gap, and the subscription goes on",
          "[cable][R-CLIENT][R-EXT]") {
  joined_world its;
  its.start();
  its.publish(1, 1);
  SECTION("because too much was published") {
    its.lose(2, 150);
    its.come_back();
    its.publish(151, 151);
    CHECK(its.take_story() == lines{"s 1", "s lost", "s connected again gap", "s 151"});
    // Then it is complete again.
    its.world.advance(4s);
    its.lose(152, 152);
    its.come_back();
    CHECK(its.take_story() == lines{"s lost", "s 152", "s connected again"});
  }
  SECTION("because the server is another process") {
    its.runs.reset();
    its.network.lose_all();
    its.world.run();
    its.start_server();
    its.publish(2, 2);
    its.come_back();
    its.publish(3, 3);
    CHECK(its.take_story() == lines{"s 1", "s lost", "s connected again gap", "s 3"});
    CHECK(its.connects == 2);
  }
  SECTION("because too much time has passed") {
    its.world.set_reachability(testing::reachability::refused);
    its.lose(2, 2);
    its.world.advance(400s);
    its.publish(3, 3);
    its.world.set_reachability(testing::reachability::open);
    its.world.advance(30s);
    its.publish(4, 4);
    CHECK(its.take_story() == lines{"s 1", "s lost", "s connected again gap", "s 4"});
    CHECK(its.connects == 2);
  }
}

TEST_CASE("a subscription without history has a gap at each reconnection",
          "[cable][R-CLIENT][R-EXT]") {
  joined_world its;
  its.start(plain_room);
  its.publish(1, 1, "plain");
  its.lose(2, 2, "plain");
  its.come_back();
  its.publish(3, 3, "plain");
  CHECK(its.take_story() == lines{"s 1", "s lost", "s connected again gap", "s 3"});
}

TEST_CASE("without the extended protocol nothing is continued", "[cable][R-CLIENT][R-SUB]") {
  const bool extended_server = GENERATE(false, true);
  joined_world its{extended_server, !extended_server};
  its.start();
  its.publish(1, 1);
  its.lose(2, 2);
  its.come_back();
  its.publish(3, 3);
  CHECK(its.take_story() == lines{"s 1", "s lost", "s connected again gap", "s 3"});
  CHECK(its.connects == 2);
  CHECK(its.target == "/cable");
}

TEST_CASE("after a disconnect of the server or of the application the session does not continue",
          "[cable][R-CLIENT][R-EXT][R-DISC]") {
  joined_world its;
  its.start();
  its.publish(1, 1);
  SECTION("of the server") {
    its.runs->served.restart();
    its.world.run();
    CHECK(its.take_story() == lines{"s 1", "s lost"});
    its.publish(2, 2);
    its.come_back();
  }
  SECTION("of the application") {
    its.one->disconnect();
    its.world.run();
    CHECK(its.take_story() == lines{"s 1", "s lost"});
    its.publish(2, 2);
    its.one->connect();
    its.world.run();
  }
  // Nevertheless nothing is missed: the positions are still known.
  CHECK(its.take_story() == lines{"s 2", "s connected again"});
  CHECK(its.connects == 2);
  CHECK(its.target == "/cable");
}

TEST_CASE("a coroutine receives what was missed in its place", "[cable][R-CLIENT][R-EXT]") {
  joined_world its;
  const auto room = its.one->subscribe(kept_room);
  asio::co_spawn(
      its.one->get_executor(),
      [](subscription of, lines& into) -> asio::awaitable<void> {
        while (const auto got = co_await of.receive()) into.push_back(to_text(*got));
      }(room, its.story),
      asio::detached);
  its.one->connect();
  its.world.advance(4s);
  its.publish(1, 2);
  its.lose(3, 4);
  its.come_back();
  CHECK(room.connection().reconnected);
  CHECK_FALSE(room.connection().gap);
  its.publish(5, 5);
  CHECK(its.take_story() == lines{"1", "2", "3", "4", "5"});
}

// The test as the server

/// A consumer whose server is the test.
struct scripted_world {
  testing::world world;
  lines story;
  std::string url = "http://chat.example/cable?user=1";
  std::optional<consumer> one;

  scripted_world() {
    consumer_options options;
    options.client.make_url = [this] { return url; };
    one.emplace(world.context(), std::move(options));
  }

  testing::peer accept(const std::string& welcome) {
    while (!world.has_client()) world.advance(100ms);
    auto peer = world.accept({}, "actioncable-v1-ext-json");
    peer.answers_pings();
    peer.sends_text(welcome);
    world.run();
    return peer;
  }

  /// Is connected as `s`, with the session s1, the messages 1 and 2, and pings at the second 1,000.
  testing::peer start() {
    one->subscribe(kept_room, telling(story, "s"));
    one->connect();
    auto peer = accept(welcome_message("s1"));
    peer.expect_text(subscribe_command(kept_room_id));
    peer.sends_text(confirmation_message(kept_room_id));
    sends(peer, 1);
    sends(peer, 2);
    peer.sends_text(ping_message(1000));
    peer.expect_text(pong_command());
    CHECK(take_story() == lines{"s connected", "s 1", "s 2"});
    return peer;
  }

  void sends(testing::peer& peer, std::uint64_t number, const std::string& epoch = "e") {
    peer.sends_text(data_message(kept_room_id, std::to_string(number), {"kept", epoch, number}));
  }

  void expect_story(testing::peer& peer, const lines& wanted) {
    peer.expect_nothing();
    CHECK(take_story() == wanted);
  }

  static json after(std::uint64_t offset) {
    return {{"since", 999}, {"streams", {{"kept", {{"epoch", "e"}, {"offset", offset}}}}}};
  }

  lines take_story() { return std::exchange(story, {}); }
};

const std::vector<std::string> kept_ids{kept_room_id};

TEST_CASE("a restored subscription asks for what follows its position",
          "[cable][R-CLIENT][R-EXT]") {
  scripted_world its;
  its.start().resets_stream();
  auto peer = its.accept(welcome_message("s/2", kept_ids));
  CHECK(peer.request().target() == "/cable?user=1&sid=s1");
  peer.expect_text(history_command(kept_room_id, its.after(2)));
  // Doubles are dropped.
  for (std::uint64_t i = 1; i <= 3; ++i) its.sends(peer, i);
  its.expect_story(peer, {"s lost", "s 3"});
  peer.sends_text(history_confirmation_message(kept_room_id));
  its.expect_story(peer, {"s connected again"});
  for (std::uint64_t i = 2; i <= 4; ++i) its.sends(peer, i);
  its.expect_story(peer, {"s 4"});
  peer.resets_stream();
  peer = its.accept(welcome_message("s3"));
  CHECK(peer.request().target() == "/cable?user=1&sid=s%2F2");
  // It was not restored.
  peer.expect_text(subscribe_command(kept_room_id, its.after(4)));
  peer.sends_text(confirmation_message(kept_room_id));
  its.expect_story(peer, {"s lost"});
  peer.sends_text(history_confirmation_message(kept_room_id));
  its.expect_story(peer, {"s connected again"});
}

TEST_CASE("a history that the server refuses, or does not answer for 10 s, is a gap",
          "[cable][R-CLIENT][R-EXT]") {
  scripted_world its;
  its.start().resets_stream();
  auto peer = its.accept(welcome_message("s2"));
  peer.expect_text(subscribe_command(kept_room_id, its.after(2)));
  peer.sends_text(confirmation_message(kept_room_id));
  its.expect_story(peer, {"s lost"});
  SECTION("refused") { peer.sends_text(history_rejection_message(kept_room_id)); }
  SECTION("not answered") {
    const auto pings = [&](auto time) {
      its.world.advance(time);
      peer.sends_text(ping_message(1003));
      peer.expect_text(pong_command());
    };
    pings(5s);
    pings(5s - 1ms);
    its.expect_story(peer, {});
    its.world.advance(1ms);
  }
  its.expect_story(peer, {"s connected again gap"});
  peer.sends_text(history_confirmation_message(kept_room_id));
  its.sends(peer, 7, "f");
  peer.sends_text(ping_message(1003));
  peer.expect_text(pong_command());
  its.expect_story(peer, {"s 7"});
  // What follows is complete again.
  peer.resets_stream();
  peer = its.accept(welcome_message("s3", kept_ids));
  peer.expect_text(history_command(
      kept_room_id, {{"since", 1002}, {"streams", {{"kept", {{"epoch", "f"}, {"offset", 7}}}}}}));
  peer.sends_text(history_confirmation_message(kept_room_id));
  its.expect_story(peer, {"s lost", "s connected again"});
}

TEST_CASE("a part of the missed messages that was received is not asked for again",
          "[cable][R-CLIENT][R-EXT]") {
  scripted_world its;
  its.start().resets_stream();
  auto peer = its.accept(welcome_message("s2", kept_ids));
  peer.expect_text(history_command(kept_room_id, its.after(2)));
  its.sends(peer, 3);
  // Until the answer, other streams may have missed what came before a ping.
  peer.sends_text(ping_message(2000));
  peer.expect_text(pong_command());
  peer.resets_stream();
  peer = its.accept(welcome_message("s3", kept_ids));
  peer.expect_text(history_command(kept_room_id, its.after(3)));
  its.sends(peer, 4);
  peer.sends_text(history_confirmation_message(kept_room_id));
  its.expect_story(peer, {"s lost", "s 3", "s 4", "s connected again"});
}

TEST_CASE("what cannot be known to be complete is a gap", "[cable][R-CLIENT][R-EXT]") {
  scripted_world its;
  its.one->subscribe(kept_room, telling(its.story, "s"));
  its.one->connect();
  auto peer = its.accept(welcome_message("s1"));
  peer.sends_text(confirmation_message(kept_room_id));
  its.world.run();
  SECTION("without a position and a ping") {
    peer.resets_stream();
    peer = its.accept(welcome_message("s2", kept_ids));
    peer.expect_text(history_command(kept_room_id, json::object()));
    its.expect_story(peer, {"s connected", "s lost", "s connected again gap"});
  }
  SECTION("without a position, of a session that was not restored") {
    peer.sends_text(ping_message(1000));
    its.world.run();
    peer.resets_stream();
    peer = its.accept(welcome_message("s2"));
    peer.expect_text(subscribe_command(kept_room_id, {{"since", 999}}));
    peer.sends_text(confirmation_message(kept_room_id));
    its.sends(peer, 1);
    peer.sends_text(history_confirmation_message(kept_room_id));
    its.expect_story(peer, {"s connected", "s lost", "s 1", "s connected again gap"});
  }
}

TEST_CASE("a restored subscription that has ended meanwhile is unsubscribed",
          "[cable][R-CLIENT][R-EXT]") {
  scripted_world its;
  auto peer = its.start();
  const auto room = its.one->subscribe(plain_room);
  peer.expect_text(subscribe_command(to_text(plain_room)));
  peer.sends_text(confirmation_message(to_text(plain_room)));
  peer.expect_nothing();
  peer.resets_stream();
  its.world.run();
  room.unsubscribe();
  peer = its.accept(welcome_message("s2", std::vector{to_text(plain_room), kept_room_id}));
  peer.expect_text(history_command(kept_room_id, its.after(2)));
  peer.expect_text(unsubscribe_command(to_text(plain_room)));
  peer.expect_nothing();
}

TEST_CASE("a new subscription does not get what an older one has missed",
          "[cable][R-CLIENT][R-EXT]") {
  scripted_world its;
  its.start().resets_stream();
  its.world.run();
  its.one->subscribe(kept_room, telling(its.story, "new"));
  auto peer = its.accept(welcome_message("s2", kept_ids));
  peer.expect_text(history_command(kept_room_id, its.after(2)));
  its.sends(peer, 3);
  peer.sends_text(history_confirmation_message(kept_room_id));
  its.sends(peer, 4);
  its.expect_story(peer, {"s lost", "s 3", "s connected again", "new connected", "s 4", "new 4"});
}

TEST_CASE("calls wait until what was missed has come", "[cable][R-CLIENT][R-EXT]") {
  scripted_world its;
  const auto room = its.one->subscribe(kept_room);
  its.start().resets_stream();
  auto peer = its.accept(welcome_message("s2", kept_ids));
  peer.expect_text(history_command(kept_room_id, its.after(2)));
  CHECK_FALSE(room.perform("x"));
  peer.expect_nothing();
  CHECK_FALSE(room.is_connected());
  peer.sends_text(history_confirmation_message(kept_room_id));
  peer.expect_text(message_command(kept_room_id, {{"action", "x"}}));
}

TEST_CASE("the name of a session is sent to no other server", "[cable][R-CLIENT][R-EXT]") {
  scripted_world its;
  its.start().resets_stream();
  its.url = "http://other.example/cable";
  auto peer = its.accept(welcome_message("s2"));
  CHECK(peer.request().target() == "/cable");
  cable::detail::continued_session kept;
  kept.begin("x", "ws://chat.example/cable");
  CHECK(kept.url_of("wss://chat.example/cable") == "wss://chat.example/cable");
  CHECK(kept.url_of("ws://chat.example:81/cable") == "ws://chat.example:81/cable");
  CHECK(kept.url_of("ws://chat.example/other?a=b") == "ws://chat.example/other?a=b&sid=x");
  kept.begin({}, "ws://chat.example/cable");
  CHECK(kept.url_of("ws://chat.example/cable") == "ws://chat.example/cable");
}

}  // namespace
