// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/connection_restoring.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

#include <asio/awaitable.hpp>

#include "hawser/cable/server.hpp"
#include "support/catch.hpp"
#include "support/memory_cable.hpp"

using namespace std::chrono_literals;
using namespace hawser::test;
namespace cable = hawser::cable;
using cable::json;

namespace {

/// Streams with history; `subscribed` is called again for a restored client.
class kept_channel : public cable::channel {
 public:
  static void define(cable::channel_definition<kept_channel>& it) {
    it.on("follow", [](kept_channel& of) { of.stream_from("followed"); });
    it.on("count", [](kept_channel& of) { of.transmit(of.count_); });
  }

  asio::awaitable<void> subscribed() {
    if (params().contains("fails") && connection().request().query("sid")) {
      throw std::runtime_error{"fails"};
    }
    count_ = 1;
    transmit("subscribed");
    stream_from("chat", {.history = cable::history_options{}, .presence = true});
    co_return;
  }

 private:
  int count_ = 0;
};

/// Saves and restores its state.
class counting_channel : public cable::channel {
 public:
  static void define(cable::channel_definition<counting_channel>& it) {
    it.on("count", [](counting_channel& of) { of.transmit(++of.count_); });
    it.restorable(
        [](counting_channel& of) {
          return json{{"count", of.count_}};
        },
        [](counting_channel& of, const json& state) { of.count_ = state.at("count"); });
  }

  void subscribed() { stream_from("chat"); }

 private:
  int count_ = 0;
};

const std::string kept_id = R"({"channel":"KeptChannel"})";
const std::string failing_id = R"({"channel":"KeptChannel","fails":true})";
const std::string counting_id = R"({"channel":"CountingChannel"})";

struct restoring_world : memory_cable {
  restoring_world() : memory_cable{enabled()} {
    served.identified_by({"user", "tenant"});
    served.on_connect([this](cable::connection& c) {
      ++connects;
      c.identify("user", std::string{"7"});
      c.identify("tenant", std::string{"t"});
    });
    served.add_channel<kept_channel>("KeptChannel");
    served.add_channel<counting_channel>("CountingChannel");
    mount();
  }

  static cable::server_options enabled() {
    cable::server_options options;
    options.extended.enabled = true;
    options.ping_interval = 3600s;
    return options;
  }

  hawser::testing::peer join() {
    auto peer = connect("actioncable-v1-ext-json");
    sid = json::parse(peer.expect_text()).at("sid");
    return peer;
  }

  void subscribe(hawser::testing::peer& peer, const std::string& identifier) {
    peer.sends_text(cable::subscribe_command(identifier));
    if (identifier != counting_id)
      peer.expect_text(cable::data_message(identifier, R"("subscribed")"));
    peer.expect_text(cable::confirmation_message(identifier));
  }

  hawser::testing::peer come_back(json& welcome) {
    auto peer = connect("actioncable-v1-ext-json", "?sid=" + sid);
    welcome = json::parse(peer.expect_text());
    CHECK(welcome.at("sid") != sid);
    return peer;
  }

  std::string sid;
  int connects = 0;
};

TEST_CASE("a client that was lost comes back with its subscriptions, and gets what it has missed",
          "[cable][R-EXT]") {
  restoring_world world;
  auto lost = world.join();
  world.subscribe(lost, kept_id);
  world.subscribe(lost, counting_id);
  for (int i = 1; i <= 2; ++i) {
    lost.sends_text(cable::message_command(counting_id, {{"action", "count"}}));
    lost.expect_text(cable::data_message(counting_id, std::to_string(i)));
  }
  lost.sends_text(cable::message_command(kept_id, {{"action", "follow"}}));
  lost.expect_nothing();
  world.served.broadcast("chat", 1);
  auto got = json::parse(lost.expect_text());
  if (!got.contains("epoch")) got = json::parse(lost.expect_text());
  const std::string epoch = got.at("epoch");
  lost.resets_stream();
  world.run();
  world.served.broadcast("chat", 2);
  world.served.broadcast("followed", "lost");

  json welcome;
  auto back = world.come_back(welcome);
  CHECK(welcome.at("restored") == true);
  CHECK(welcome.at("restored_ids") == json{kept_id, counting_id});
  CHECK(world.connects == 1);
  back.expect_text(cable::data_message(kept_id, R"("subscribed")"));
  // Published before the client asks for what it has missed: in its place.
  world.served.broadcast("chat", 3);
  back.expect_text(cable::data_message(counting_id, "3"));
  back.sends_text(cable::history_command(
      kept_id, {{"streams", {{"chat", {{"epoch", epoch}, {"offset", 1}}}}}}));
  for (std::uint64_t i = 2; i <= 3; ++i) {
    const auto one = json::parse(back.expect_text());
    CHECK(one.at("message") == i);
    CHECK(one.at("offset") == i);
  }
  back.expect_text(cable::history_confirmation_message(kept_id));
  world.served.broadcast("followed", "new");
  back.expect_text(cable::data_message(kept_id, R"("new")"));
  back.sends_text(cable::message_command(counting_id, {{"action", "count"}}));
  back.expect_text(cable::data_message(counting_id, "3"));
  back.sends_text(cable::message_command(kept_id, {{"action", "count"}}));
  back.expect_text(cable::data_message(kept_id, "1"));
}

TEST_CASE("a client misses nothing that comes while it is restored, whatever it asks for",
          "[cable][R-EXT][R-ORDER]") {
  // By a clock that is ahead, without a time, with nothing, and with what is no longer kept.
  const json later{{"since", 99'999'999'999}, {"streams", json::object()}};
  const json no_time{{"since", false}, {"streams", json::object()}};
  const json unknown{{"streams", {{"chat", {{"epoch", "other"}, {"offset", 1}}}}}};
  for (const auto& asked : {later, no_time, json{}, unknown}) {
    CAPTURE(asked.dump());
    restoring_world world;
    auto lost = world.join();
    world.subscribe(lost, kept_id);
    world.served.broadcast("chat", 1);
    CHECK(json::parse(lost.expect_text()).at("offset") == 1);
    lost.resets_stream();
    world.run();
    json welcome;
    auto back = world.come_back(welcome);
    back.expect_text(cable::data_message(kept_id, R"("subscribed")"));
    world.served.broadcast("chat", 2);
    world.served.broadcast("chat", 3);
    back.sends_text(cable::history_command(kept_id, asked));
    if (asked == unknown) back.expect_text(cable::history_rejection_message(kept_id));
    for (const int message : {2, 3}) {
      const auto got = json::parse(back.expect_text());
      CHECK(got.at("message") == message);
      CHECK(got.at("offset") == message);
    }
    if (asked != unknown) back.expect_text(cable::history_confirmation_message(kept_id));
    world.served.broadcast("chat", 4);
    CHECK(json::parse(back.expect_text()).at("message") == 4);
    back.expect_nothing();
  }
}

TEST_CASE(
    "a restored client that asks after a ping gets each message once, and in the end without "
    "asking",
    "[cable][R-EXT][R-ORDER]") {
  for (const bool asks : {true, false}) {
    restoring_world world;
    auto lost = world.join();
    world.subscribe(lost, kept_id);
    world.served.broadcast("chat", 1);
    const auto epoch = json::parse(lost.expect_text()).at("epoch").get<std::string>();
    lost.resets_stream();
    world.run();
    json welcome;
    world.sid += "&pi=60";
    auto back = world.come_back(welcome);
    back.answers_pings();
    back.expect_text(cable::data_message(kept_id, R"("subscribed")"));
    world.served.broadcast("chat", 2);
    world.advance(60s);
    CHECK(json::parse(back.expect_text()).at("type") == "ping");
    back.expect_nothing();
    if (asks) {
      back.sends_text(cable::history_command(
          kept_id, {{"streams", {{"chat", {{"epoch", epoch}, {"offset", 1}}}}}}));
      CHECK(json::parse(back.expect_text()).at("message") == 2);
      back.expect_text(cable::history_confirmation_message(kept_id));
    }
    world.advance(60s);
    CHECK(json::parse(back.expect_text()).at("type") == "ping");
    if (!asks) CHECK(json::parse(back.expect_text()).at("message") == 2);
    world.served.broadcast("chat", 3);
    CHECK(json::parse(back.expect_text()).at("message") == 3);
    back.expect_nothing();
  }
}

TEST_CASE("a session continues once, with its id, and not after its time", "[cable][R-EXT]") {
  restoring_world world;
  auto lost = world.join();
  world.subscribe(lost, counting_id);
  lost.resets_stream();
  world.run();
  json welcome;
  const auto first = world.come_back(welcome);
  CHECK(welcome.contains("restored"));
  const auto second = world.come_back(welcome);
  CHECK_FALSE(welcome.contains("restored"));
  auto third = world.join();
  third.resets_stream();
  world.advance(301s);
  const auto fourth = world.come_back(welcome);
  CHECK_FALSE(welcome.contains("restored"));
  world.sid.clear();
  const auto fifth = world.come_back(welcome);
  CHECK_FALSE(welcome.contains("restored"));
}

TEST_CASE("a client comes back although its old connection is not known to be lost",
          "[cable][R-EXT]") {
  restoring_world world;
  auto old = world.join();
  world.subscribe(old, counting_id);
  json welcome;
  auto back = world.come_back(welcome);
  CHECK(welcome.at("restored_ids") == json{counting_id});
  CHECK(world.served.statistics().connections == 1);
  world.served.broadcast("chat", 1);
  back.expect_text(cable::data_message(counting_id, "1"));
}

TEST_CASE("a session that the application has ended does not continue", "[cable][R-EXT][R-DISC]") {
  restoring_world world;
  json welcome;
  auto first = world.join();
  world.served.disconnect({{"user", "7"}, {"tenant", "t"}});
  first.expect_text(cable::disconnect_message("remote", true));
  world.run();
  const auto again = world.come_back(welcome);
  CHECK_FALSE(welcome.contains("restored"));
  // Also while it has no connection.
  for (const bool partial : {false, true}) {
    auto lost = world.join();
    lost.resets_stream();
    world.run();
    if (partial) {
      world.served.disconnect({{"user", "7"}});
    } else {
      world.served.disconnect({{"user", "7"}, {"tenant", "t"}});
    }
    const auto back = world.come_back(welcome);
    CHECK_FALSE(welcome.contains("restored"));
  }
}

TEST_CASE("a subscription that cannot be restored is not among the restored ones",
          "[cable][R-EXT]") {
  restoring_world world;
  auto lost = world.join();
  world.subscribe(lost, failing_id);
  world.subscribe(lost, counting_id);
  lost.resets_stream();
  world.run();
  json welcome;
  auto back = world.come_back(welcome);
  CHECK(welcome.at("restored_ids") == json{counting_id});
}

TEST_CASE("presence survives a short loss of the connection", "[cable][R-EXT]") {
  restoring_world world;
  auto ann = world.join();
  world.subscribe(ann, kept_id);
  auto bob = world.join();
  world.subscribe(bob, kept_id);
  bob.sends_text(cable::join_command(kept_id, {{"id", "b"}}));
  CHECK(json::parse(ann.expect_text()).at("message").at("type") == "join");
  bob.resets_stream();
  world.run();
  json welcome;
  auto back = world.come_back(welcome);
  ann.expect_nothing();
  back.expect_text(cable::data_message(kept_id, R"("subscribed")"));
  back.sends_text(cable::leave_command(kept_id));
  CHECK(json::parse(ann.expect_text()).at("message") == json{{"type", "leave"}, {"id", "b"}});
}

}  // namespace
