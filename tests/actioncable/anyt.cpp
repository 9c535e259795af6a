// SPDX-License-Identifier: BSL-1.0
// The scenarios of the conformance tool anyt, with the channels that it expects: each TEST_CASE is one of its files.
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../examples/anyt_channels.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/cable.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing/world.hpp"
#include "support/cable_client.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;
using cable::json;

namespace {

std::string channel(const std::string& name, json parameters = json::object()) {
  parameters["channel"] = "Anyt::TestChannels::" + name + "Channel";
  return parameters.dump();
}

/// The server under test, in virtual time.
struct fixture {
  testing::world world;
  memory_broker broker;
  server http{world.context(), {.listener = first_listener::none}};
  cable::server app{broker};

  fixture() {
    anyt::set_up(app);
    app.mount(http.route("/cable"));
    world.serve(http);
  }

  cable_client connect(const std::string& query = {}, const header_fields& headers = {}) {
    return cable_client{world.connect("/cable?" + query, headers)};
  }

  /// A client that is welcome.
  cable_client client(const std::string& query = {}, const header_fields& headers = {}) {
    auto made = connect(query, headers);
    made.expects_welcome();
    return made;
  }

  cable_client subscriber(const std::string& identifier) {
    auto made = client();
    made.subscribes(identifier);
    return made;
  }
};

void require_refusal(cable_client client) {
  client.expects_disconnect("unauthorized", false);
  REQUIRE(client.peer().expect_close(close_code::normal).empty());
}

}  // namespace

TEST_CASE("anyt: the first message is welcome, and pings carry a growing integer", "[anyt]") {
  fixture one;
  auto peer = one.world.connect("/cable");
  REQUIRE(peer.expect_text() == R"({"type":"welcome"})");
  const auto start = one.world.now();
  std::vector<std::int64_t> times;
  while (times.size() < 2) {
    one.world.advance(1s);
    while (const auto got = peer.next()) {
      const auto message = json::parse(got->text());
      REQUIRE(message.at("type") == "ping");
      times.push_back(message.at("message").get<std::int64_t>());
    }
    REQUIRE(one.world.now() - start < 60s);
  }
  // The value is of the clock of the system, which virtual time does not move.
  REQUIRE(times[0] <= times[1]);
}

TEST_CASE("anyt: the state of a channel is kept from command to command", "[anyt][R-CONN]") {
  fixture one;
  const auto first = channel("ChannelState", {{"name", "chipolino"}});
  const auto second = channel("ChannelState", {{"name", "chipollone"}});
  auto client = one.subscriber(first);
  SECTION("between commands") {
    client.performs(first, "tick");
    client.expects_data(first, {{"count", 3}, {"name", "chipolino"}});
  }
  SECTION("in unsubscribed()") {
    auto other = one.subscriber(second);
    client.peer().sends_close();
    client.peer().expect_close(close_code::normal);
    other.expects_data(second, {{"data", "user left: chipolino"}});
  }
  SECTION("in unsubscribed() after the connection broke") {
    auto other = one.subscriber(second);
    client.peer().resets_stream();
    other.expects_data(second, {{"data", "user left: chipolino"}});
  }
}

TEST_CASE("anyt: a remote disconnect closes exactly the connections of a user", "[anyt][R-DISC]") {
  fixture one;
  auto client = one.client("test=uid&uid=26");
  auto other = one.client("test=uid&uid=27");
  one.app.disconnect({{"uid", "26"}});
  client.expects_disconnect("remote", true);
  client.peer().expect_close(close_code::normal);
  other.subscribes(channel("SingleStream"));
}

TEST_CASE("anyt: a restart disconnects all, and lets them reconnect", "[anyt][R-DISC]") {
  fixture one;
  auto client = one.client("test=reasons&reason=server_restart");
  one.app.restart();
  client.expects_disconnect("server_restart", true);
  client.peer().expect_close(close_code::normal);
  one.client();
}

TEST_CASE("anyt: a channel reads the query parameters of the connection", "[anyt][R-AUTH]") {
  fixture one;
  auto client = one.client("token=secret");
  client.subscribes(channel("Request"));
  auto stranger = one.client("token=public");
  stranger.sends_subscribe(channel("Request"));
  stranger.expects_rejection(channel("Request"));
}

TEST_CASE("anyt: a connection is accepted or refused by its request", "[anyt][R-AUTH]") {
  fixture one;
  SECTION("the URL and the host are visible") { one.client("test=request_url"); }
  SECTION("a cookie is missing") { require_refusal(one.connect("test=cookies")); }
  SECTION("a cookie has a space") {
    one.client("test=cookies", {{"Cookie", "username=john green"}});
  }
  SECTION("a header field is missing") { require_refusal(one.connect("test=headers")); }
  SECTION("a header field is present") { one.client("test=headers", {{"X-API-TOKEN", "abc"}}); }
  SECTION("the parameter uid is missing") { require_refusal(one.connect("test=uid")); }
  SECTION("the parameter reason refuses") {
    require_refusal(one.connect("test=reasons&reason=unauthorized"));
  }
}

TEST_CASE("anyt: when a client leaves, unsubscribed() runs for each subscription",
          "[anyt][R-CONN]") {
  fixture one;
  SECTION("of different channels") {
    auto stays = one.subscriber(channel("RequestA"));
    stays.subscribes(channel("RequestB"));
    auto leaves = one.subscriber(channel("RequestA"));
    leaves.subscribes(channel("RequestB"));
    leaves.peer().ends_stream();
    std::vector<json> got{stays.next(), stays.next()};
    REQUIRE_THAT(got,
                 Catch::Matchers::UnorderedEquals(std::vector<json>{
                     {{"identifier", channel("RequestA")}, {"message", {{"data", "user left"}}}},
                     {{"identifier", channel("RequestB")}, {"message", {{"data", "user left"}}}}}));
  }
  SECTION("of one channel") {
    const auto identifier = channel("RequestC");
    auto stays = one.subscriber(identifier);
    auto leaves = one.subscriber(channel("RequestC", {{"id", 1}}));
    leaves.subscribes(channel("RequestC", {{"id", 2}}));
    leaves.peer().ends_stream();
    std::vector<json> got{stays.next(), stays.next()};
    REQUIRE_THAT(got, Catch::Matchers::UnorderedEquals(std::vector<json>{
                          {{"identifier", identifier}, {"message", {{"data", "user left1"}}}},
                          {{"identifier", identifier}, {"message", {{"data", "user left2"}}}}}));
  }
}

TEST_CASE("anyt: broadcasts are delivered as they are", "[anyt][R-FAST]") {
  fixture one;
  const auto identifier = channel("BroadcastDataToStream");
  auto client = one.subscriber(identifier);
  for (const json& message : {
           json{{"data",
                 {{"user_id", 1}, {"status", "left"}, {"meta", {{"connection_time", "10s"}}}}}},
           json("<script>alert('Message!');</script>"),
           json(R"({"script":{"alert":"Message!"}})"),
       }) {
    one.app.broadcast("a", message);
    client.expects_data(identifier, message);
  }
}

TEST_CASE("anyt: a stream with many clients", "[anyt][R-FAST]") {
  fixture one;
  const auto identifier = channel("StreamsWithManyClients");
  auto first = one.subscriber(identifier);
  auto second = one.subscriber(identifier);
  one.app.broadcast("a", {{"data", "X"}});
  first.expects_data(identifier, {{"data", "X"}});
  second.expects_data(identifier, {{"data", "X"}});
  first.unsubscribes(identifier);
  first.expects_nothing();
  one.app.broadcast("a", {{"data", "Y"}});
  second.expects_data(identifier, {{"data", "Y"}});
  first.expects_nothing();
}

TEST_CASE("anyt: one subscription of two streams", "[anyt]") {
  fixture one;
  const auto identifier = channel("MultipleStreams");
  auto client = one.subscriber(identifier);
  one.app.broadcast("a", {{"data", "X"}});
  client.expects_data(identifier, {{"data", "X"}});
  one.app.broadcast("b", {{"data", "Y"}});
  client.expects_data(identifier, {{"data", "Y"}});
  client.unsubscribes(identifier);
  client.expects_nothing();
  one.app.broadcast("a", {{"data", "Y"}});
  one.app.broadcast("b", {{"data", "Z"}});
  client.expects_nothing();
}

TEST_CASE("anyt: a single stream", "[anyt][R-ID]") {
  fixture one;
  const auto identifier = channel("SingleStream");
  auto client = one.subscriber(identifier);
  SECTION("delivers in sequence, and nothing after the end of the subscription") {
    for (const auto* text : {"X", "Y"}) one.app.broadcast("a", {{"data", text}});
    for (const auto* text : {"X", "Y"}) client.expects_data(identifier, {{"data", text}});
    client.unsubscribes(identifier);
    client.expects_nothing();
    one.app.broadcast("a", {{"data", "Z"}});
    client.expects_nothing();
  }
  SECTION("delivers to both subscriptions that differ in their parameters") {
    const auto other = channel("SingleStream", {{"some_param", "test"}});
    client.subscribes(other);
    one.app.broadcast("a", {{"data", "XX"}});
    std::vector<json> got{client.next(), client.next()};
    REQUIRE_THAT(got, Catch::Matchers::UnorderedEquals(std::vector<json>{
                          {{"identifier", identifier}, {"message", {{"data", "XX"}}}},
                          {{"identifier", other}, {"message", {{"data", "XX"}}}}}));
    client.expects_nothing();
  }
  SECTION("is joined by another that an action begins") {
    client.performs(identifier, "follow", {{"name", "extra"}});
    client.expects_nothing();
    one.app.broadcast("extra", 1);
    client.expects_data(identifier, 1);
  }
}

TEST_CASE("anyt: an action stops one of two streams", "[anyt]") {
  fixture one;
  const auto identifier = channel("StopStreams");
  auto client = one.subscriber(identifier);
  one.app.broadcast("a", {{"data", "X"}});
  client.expects_data(identifier, {{"data", "X"}});
  client.performs(identifier, "unfollow", {{"name", "a"}});
  client.expects_nothing();
  one.app.broadcast("a", {{"data", "Y"}});
  one.app.broadcast("b", {{"data", "Z"}});
  client.expects_data(identifier, {{"data", "Z"}});
  client.performs(identifier, "ping", {{"name", "b"}});
  client.expects_data(identifier, {{"reply", "pong"}});
}

TEST_CASE("anyt: a subscription is confirmed or rejected", "[anyt]") {
  fixture one;
  auto client = one.subscriber(channel("SubscriptionAknowledgement"));
  client.sends_subscribe(channel("SubscriptionAknowledgementRejector"));
  client.expects_rejection(channel("SubscriptionAknowledgementRejector"));
}

TEST_CASE("anyt: one channel with different parameters is subscribed twice", "[anyt][R-ID]") {
  fixture one;
  auto client = one.subscriber(channel("SubscriptionWithParams", {{"id", 1}}));
  client.subscribes(channel("SubscriptionWithParams", {{"id", 2}}));
}

TEST_CASE("anyt: actions with an argument and without one", "[anyt][R-ACTION]") {
  fixture one;
  const auto identifier = channel("SubscriptionPerformMethods");
  auto client = one.subscriber(identifier);
  client.performs(identifier, "tick");
  client.expects_data(identifier, "tock");
  client.performs(identifier, "echo", {{"text", "hello"}});
  client.expects_data(identifier, {{"response", "hello"}});
}

TEST_CASE("anyt: what subscribed() transmits comes before the confirmation", "[anyt]") {
  fixture one;
  const auto identifier = channel("SubscriptionTransmissions");
  auto client = one.client();
  client.sends_subscribe(identifier);
  client.expects_data(identifier, "hello");
  client.expects_data(identifier, "world");
  client.expects_confirmation(identifier);
}

TEST_CASE("anyt: a broadcast from an action reaches all", "[anyt]") {
  fixture one;
  const auto identifier = channel("BroadcastDataFromChannel");
  auto first = one.subscriber(identifier);
  auto second = one.subscriber(identifier);
  first.performs(identifier, "speak", {{"msg", "hey there!"}});
  first.expects_data(identifier, {{"text", "hey there!"}});
  second.expects_data(identifier, {{"text", "hey there!"}});
}

TEST_CASE("anyt: functions of streams get the value or the text", "[anyt]") {
  fixture one;
  const auto reversed = channel("Streams", {{"transformer", "reverse"}});
  const auto raised = channel("Streams", {{"transformer", "upcase"}});
  auto first = one.subscriber(reversed);
  auto second = one.subscriber(raised);
  one.app.broadcast("a", {{"text", "cable"}});
  first.expects_data(reversed, {{"text", "elbac"}});
  second.expects_data(raised, {{"text", "CABLE"}});
  one.app.broadcast("b", {{"text", "cable"}});
  first.expects_data(reversed, R"({"text":"cable"})");
  second.expects_data(raised, R"({"text":"cable"})");
  one.app.broadcast("c", {{"text", "cable"}});
  first.expects_data(reversed, {{"text", "cable"}});
  second.expects_data(raised, {{"text", "cable"}});
}

TEST_CASE("anyt: a periodic function counts in the channel's state", "[anyt][R-TIMER]") {
  fixture one;
  const auto identifier = channel("Subscriptions");
  auto client = one.subscriber(identifier);
  for (int progress = 1; progress <= 2; ++progress) {
    client.expects_nothing();
    one.world.advance(1s);
    client.expects_data(identifier, {{"progress", progress}});
  }
}
