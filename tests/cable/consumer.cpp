// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/consumer.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/testing/peer.hpp"
#include "hawser/testing/world.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::cable;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

const json chat_room{{"channel", "ChatChannel"}, {"room_id", 1}};
const std::string chat_room_id = to_text(chat_room);

/// A consumer whose handlers write a story, and the test as its server.
struct consumer_world {
  testing::world world;
  lines story;
  std::optional<consumer> one;

  explicit consumer_world(consumer_options options = {}) {
    if (options.client.url.empty()) options.client.url = "http://chat.example/cable?user=alice";
    one.emplace(world.context(), std::move(options), handlers());
  }

  consumer_handlers handlers() {
    return {.on_failed = [this](const connect_error& why) { note("failed", why.code().message()); },
            .on_stopped = [this](std::error_code why) { note("stopped", why.message()); },
            .on_bad_message = [this](std::error_code why,
                                     std::string_view) { note("bad", why.message()); },
            .on_error = [this](const std::exception_ptr&) { note("threw", ""); }};
  }

  void note(std::string_view what, std::string_view more) {
    story.push_back(std::string{what}.append(more.empty() ? "" : " ").append(more));
  }

  subscription_handlers named(const std::string& name, bool receives = true) {
    subscription_handlers made{
        .on_initialized = [=, this] { note(name, "initialized"); },
        .on_connected =
            [=, this](const connected_info& how) {
              note(name, std::string{"connected"} + (how.reconnected ? " again" : "") +
                             (how.gap ? " gap" : ""));
            },
        .on_disconnected =
            [=, this](const disconnected_info& how) {
              note(name, how.will_reconnect ? "disconnected, reconnects" : "disconnected");
            },
        .on_rejected = [=, this](std::error_code why) { note(name, why.message()); }};
    if (receives) {
      made.on_received = [=, this](const json& got) { note(name, to_text(got)); };
    }
    return made;
  }

  testing::peer accept() {
    auto peer = world.accept({}, "actioncable-v1-json");
    peer.answers_pings();
    return peer;
  }

  /// Accepts and welcomes the consumer.
  testing::peer welcome() {
    auto peer = accept();
    peer.sends_text(welcome_message());
    world.run();
    return peer;
  }

  /// The same, and confirms a subscription.
  testing::peer confirm() {
    auto peer = welcome();
    peer.expect_text(subscribe_command(chat_room_id));
    peer.sends_text(confirmation_message(chat_room_id));
    world.run();
    return peer;
  }

  /// Subscribes as `s`, and connects.
  subscription start() {
    auto room = one->subscribe(chat_room, named("s"));
    one->connect();
    return room;
  }

  /// The consumer has sent Close: completes the closing handshake, as servers do.
  void end(testing::peer& peer) {
    peer.expect_close(close_code::normal);
    peer.sends_close();
    peer.ends_stream();
    world.run();
  }

  lines take_story() { return std::exchange(story, {}); }
};

// The scenarios of transcript-jsclient.json

TEST_CASE("a consumer subscribes, performs, receives and unsubscribes", "[R-CLIENT]") {
  consumer_world its;
  const auto room = its.start();
  auto peer = its.accept();
  CHECK(peer.request().target() == "/cable?user=alice");
  CHECK(peer.request().header("Origin") == "http://chat.example");
  CHECK(peer.request().header("Sec-WebSocket-Protocol") ==
        "actioncable-v1-ext-json, actioncable-v1-json, actioncable-unsupported");
  CHECK(its.take_story() == lines{"s initialized"});
  peer.expect_nothing();
  peer.sends_text(welcome_message());
  peer.expect_text(R"({"command":"subscribe","identifier":)"
                   R"("{\"channel\":\"ChatChannel\",\"room_id\":1}"})");
  peer.sends_text(confirmation_message(chat_room_id));
  peer.sends_text(ping_message(5));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"s connected"});
  CHECK(room.is_connected());
  CHECK_FALSE(room.perform("speak", {{"message", "hello"}}));
  peer.expect_text(message_command(chat_room_id, {{"action", "speak"}, {"message", "hello"}}));
  peer.sends_text(data_message(chat_room_id, R"({"message":"hello"})"));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{R"(s {"message":"hello"})"});
  room.unsubscribe();
  peer.expect_text(unsubscribe_command(chat_room_id));
  peer.sends_text(data_message(chat_room_id, "1"));
  peer.expect_nothing();
  CHECK(room.perform("echo") == cable::errc::unsubscribed);
  CHECK(its.take_story().empty());
  CHECK_FALSE(room.is_connected());
  its.one->disconnect();
  its.end(peer);
  CHECK(its.take_story() == lines{"stopped Success"});
}

TEST_CASE("a channel may be a name, and a call before the connection is sent later", "[R-CLIENT]") {
  consumer_world its;
  const auto gone = its.one->subscribe("GoneChannel", its.named("s"));
  CHECK_FALSE(gone.perform("early"));
  its.one->connect();
  auto peer = its.welcome();
  const std::string_view name = R"({"channel":"GoneChannel"})";
  CHECK(gone.identifier() == name);
  peer.expect_text(subscribe_command(name));
  peer.expect_nothing();
  peer.sends_text(confirmation_message(name));
  peer.expect_text(message_command(name, {{"action", "early"}}));
  its.one->disconnect();
  its.end(peer);
  CHECK(its.take_story() ==
        lines{"s initialized", "s connected", "s disconnected", "stopped Success"});
}

TEST_CASE("subscriptions with one identifier share one of the server", "[R-CLIENT]") {
  consumer_world its;
  const auto a = its.one->subscribe(chat_room, its.named("a"));
  its.one->connect();
  auto peer = its.confirm();
  const auto b = its.one->subscribe(chat_room, its.named("b"));
  its.world.advance(3s);
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"a initialized", "a connected", "b initialized", "b connected"});
  peer.sends_text(data_message(chat_room_id, R"("both")"));
  peer.expect_nothing();
  a.unsubscribe();
  peer.sends_text(data_message(chat_room_id, R"("b only")"));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{R"(a "both")", R"(b "both")", R"(b "b only")"});
  b.unsubscribe();
  peer.expect_text(unsubscribe_command(chat_room_id));
}

TEST_CASE("a rejected subscription is forgotten", "[R-CLIENT]") {
  consumer_world its;
  const auto room = its.start();
  auto peer = its.welcome();
  peer.expect_text(subscribe_command(chat_room_id));
  peer.sends_text(rejection_message(chat_room_id));
  peer.sends_text(data_message(chat_room_id, "1"));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"s initialized", "s the subscription was rejected"});
  CHECK(room.perform("x") == cable::errc::unsubscribed);
  room.unsubscribe();
  its.world.advance(1s);
  peer.expect_nothing();
  // It is subscribed anew by a new subscription, and not by a reconnection.
  peer.ends_stream();
  its.world.advance(30s);
  auto next = its.welcome();
  next.expect_nothing();
  its.one->subscribe(chat_room, its.named("t"));
  next.expect_text(subscribe_command(chat_room_id));
}

TEST_CASE("a subscribe that is not answered is repeated ever more slowly, and at last given up",
          "[R-CLIENT]") {
  consumer_world its{{.stale_after = 0s, .max_subscribes = 6}};
  its.start();
  auto peer = its.welcome();
  peer.expect_text(subscribe_command(chat_room_id));
  for (const auto wait : {500ms, 1000ms, 2000ms, 4000ms, 5000ms}) {
    its.world.advance(wait - 1ms);
    peer.expect_nothing();
    its.world.advance(1ms);
    peer.expect_text(subscribe_command(chat_room_id));
  }
  its.world.advance(5s - 1ms);
  CHECK(its.take_story() == lines{"s initialized"});
  its.world.advance(1ms);
  peer.expect_text(unsubscribe_command(chat_room_id));
  CHECK(its.take_story() == lines{"s the server did not answer the subscription"});
  peer.sends_text(confirmation_message(chat_room_id));
  its.world.advance(60s);
  peer.expect_nothing();
  CHECK(its.take_story().empty());
}

TEST_CASE("a confirmation or a rejection ends the repetition", "[R-CLIENT]") {
  consumer_world its{{.stale_after = 0s}};
  its.start();
  auto peer = its.confirm();
  its.world.advance(60s);
  peer.expect_nothing();
}

TEST_CASE("a server that refuses to be reconnected to ends the consumer", "[R-CLIENT][R-DISC]") {
  consumer_world its;
  its.start();
  auto peer = its.accept();
  peer.sends_text(disconnect_message("unauthorized", false));
  its.end(peer);
  its.world.advance(600s);
  CHECK_FALSE(its.world.has_client());
  CHECK(its.take_story() == lines{"s initialized", "s disconnected",
                                  "stopped the server ended the connection for good"});
  // What is subscribed is subscribed again when the application connects again.
  its.one->connect();
  auto next = its.confirm();
  CHECK(its.take_story() == lines{"s connected"});
}

TEST_CASE("a refused handshake ends the consumer, or is repeated", "[R-CLIENT][R-RECON]") {
  SECTION("404, as is_worth_retrying() says") {
    consumer_world its;
    its.start();
    its.world.reject({.status = 404});
    its.world.advance(600s);
    CHECK_FALSE(its.world.has_client());
    const auto story = its.take_story();
    REQUIRE(story.size() == 4);
    CHECK(story[1].starts_with("failed "));
    CHECK(story[2] == "s disconnected");
    CHECK(story[3].starts_with("stopped "));
  }
  SECTION("404, if the application says so, as the npm client does") {
    consumer_options options;
    options.client.retry = [](std::error_code, const std::optional<response>&) { return true; };
    consumer_world its{options};
    its.one->connect();
    its.world.reject({.status = 404});
    auto from = its.world.now();
    const auto next_after = [&](auto least, auto most) {
      while (!its.world.has_client()) its.world.advance(10ms);
      const auto waited = its.world.now() - from;
      CHECK(waited >= least);
      CHECK(waited <= most + 10ms);
      its.world.reject({.status = 404});
      from = its.world.now();
    };
    next_after(6000ms, 12000ms);
    next_after(6900ms, 7935ms);
    next_after(7935ms, 9126ms);
  }
}

TEST_CASE("after a restart of the server a consumer reconnects at once and subscribes again",
          "[R-CLIENT][R-DISC]") {
  consumer_world its;
  its.one->subscribe(chat_room, its.named("s"));
  its.one->subscribe("OtherChannel", its.named("o"));
  its.one->connect();
  const std::string_view other = R"({"channel":"OtherChannel"})";
  const auto confirm_both = [&] {
    auto peer = its.welcome();
    peer.expect_text(subscribe_command(chat_room_id));
    peer.expect_text(subscribe_command(other));
    peer.sends_text(confirmation_message(chat_room_id));
    peer.sends_text(confirmation_message(other));
    its.world.run();
    return peer;
  };
  auto peer = confirm_both();
  its.take_story();
  peer.sends_text(disconnect_message("server_restart", true));
  its.end(peer);
  CHECK(its.take_story() == lines{"s disconnected, reconnects", "o disconnected, reconnects"});
  its.world.advance(0s);
  auto next = confirm_both();
  CHECK(its.take_story() == lines{"s connected again gap", "o connected again gap"});
  next.sends_text(data_message(chat_room_id, R"("after reconnect")"));
  next.expect_nothing();
  CHECK(its.take_story() == lines{R"(s "after reconnect")"});
}

TEST_CASE("a server that always asks to reconnect is not asked in a loop", "[R-CLIENT]") {
  consumer_world its;
  its.one->connect();
  for (int round = 0; round < 3; ++round) {
    auto peer = its.welcome();
    peer.sends_text(disconnect_message("server_restart", true));
    its.end(peer);
    its.world.advance(0s);
    CHECK(its.world.has_client() == (round == 0));
    if (round == 0) continue;
    its.world.advance(6s - 1ms);
    CHECK_FALSE(its.world.has_client());
    its.world.advance(6s + 1ms);
  }
}

TEST_CASE("a connection that has lasted 10 s is replaced at once, a shorter one is not",
          "[R-CLIENT]") {
  consumer_world its{{.stale_after = 0s}};
  its.one->connect();
  {
    auto peer = its.welcome();
    its.world.advance(10s);
    peer.resets_stream();
  }
  its.world.advance(0s);
  {
    auto peer = its.welcome();
    its.world.advance(10s - 1ms);
    peer.resets_stream();
  }
  its.world.advance(6s - 1ms);
  CHECK_FALSE(its.world.has_client());
  its.world.advance(6s + 1ms);
  CHECK(its.world.has_client());
}

TEST_CASE("a disconnected consumer connects again with its subscriptions", "[R-CLIENT]") {
  consumer_world its;
  its.start();
  auto peer = its.confirm();
  its.one->connect();  // no effect
  its.take_story();
  its.one->disconnect();
  its.end(peer);
  CHECK(its.take_story() == lines{"s disconnected", "stopped Success"});
  its.world.advance(60s);
  CHECK_FALSE(its.world.has_client());
  its.one->connect();
  auto next = its.confirm();
  CHECK(its.take_story() == lines{"s connected again gap"});
  // Also before the first connection has ended.
  its.one->disconnect();
  its.one->connect();
  its.end(next);
  auto third = its.confirm();
  CHECK(its.take_story() == lines{"s disconnected", "stopped Success", "s connected again gap"});
}

TEST_CASE("more subprotocols are offered after those of Action Cable", "[R-CLIENT]") {
  consumer_options options;
  options.client.handshake.subprotocols = {"some-custom"};
  options.client.handshake.origin = "https://app.example";
  consumer_world its{options};
  its.one->connect();
  auto peer = its.accept();
  CHECK(peer.request().header("Sec-WebSocket-Protocol") ==
        "actioncable-v1-ext-json, actioncable-v1-json, actioncable-unsupported, some-custom");
  CHECK(peer.request().header("Origin") == "https://app.example");
}

TEST_CASE("a connection without any message for 6 s is replaced", "[R-CLIENT]") {
  consumer_world its;
  its.start();
  {
    auto peer = its.confirm();
    for (int i = 0; i < 5; ++i) {
      its.world.advance(5s);
      peer.sends_text(ping_message(i));
    }
    its.world.advance(6s - 1ms);
    peer.expect_nothing();
    its.world.advance(1ms);
    peer.expect_end();
    CHECK(its.take_story() == lines{"s initialized", "s connected", "s disconnected, reconnects"});
  }
  // It had lasted, so the next one follows at once. That one is never welcomed.
  its.world.advance(0s);
  {
    auto peer = its.accept();
    its.world.advance(6s);
    peer.expect_end();
  }
  its.world.advance(6s - 1ms);
  CHECK_FALSE(its.world.has_client());
  its.world.advance(6s + 1ms);
  auto peer = its.confirm();
  CHECK(its.take_story() == lines{"s connected again gap"});
}

TEST_CASE("a server without Action Cable ends the consumer", "[R-CLIENT][R-SUB]") {
  for (const std::string protocol : {"", "actioncable-unsupported"}) {
    consumer_world its;
    its.start();
    auto peer = its.world.accept({}, protocol);
    peer.sends_text(welcome_message());
    its.end(peer);
    its.world.advance(600s);
    CHECK_FALSE(its.world.has_client());
    CHECK(its.take_story() == lines{"s initialized", "s disconnected",
                                    "stopped the server chose no protocol of Action Cable"});
  }
}

// Hostile servers

TEST_CASE("messages that are none of Action Cable are reported and ignored", "[R-CLIENT]") {
  consumer_world its;
  its.start();
  auto peer = its.confirm();
  its.take_story();
  peer.sends_text("not json");
  peer.sends_text("[]");
  peer.sends_binary(as_bytes(welcome_message()));
  peer.sends_text(R"({"type":"confirm_subscription"})");
  peer.sends_text(std::string(200'000, '['));
  peer.sends_text(data_message(chat_room_id, "1"));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"bad the text is not a JSON object within the limits",
                                  "bad the text is not a JSON object within the limits",
                                  "bad the message is binary",
                                  "bad the text is not a JSON object within the limits",
                                  "bad the text is not a JSON object within the limits", "s 1"});
}

TEST_CASE("unknown types are received, also before the confirmation", "[R-CLIENT]") {
  consumer_world its;
  its.start();
  auto peer = its.welcome();
  peer.expect_text(subscribe_command(chat_room_id));
  peer.sends_text(
      json{{"type", "future"}, {"identifier", chat_room_id}, {"message", {{"m", 1}}}}.dump());
  peer.sends_text(data_message(chat_room_id, R"("before")"));
  peer.sends_text(data_message("other", "1"));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"s initialized", R"(s {"m":1})", R"(s "before")"});
}

TEST_CASE("answers that belong to no question change nothing", "[R-CLIENT]") {
  consumer_world its;
  its.start();
  auto peer = its.accept();
  // Before the welcome nothing was asked.
  peer.sends_text(confirmation_message(chat_room_id));
  peer.sends_text(rejection_message(chat_room_id));
  peer.sends_text(confirmation_message("unknown"));
  peer.sends_text(rejection_message("unknown"));
  peer.sends_text(welcome_message());
  peer.expect_text(subscribe_command(chat_room_id));
  peer.sends_text(welcome_message());
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"s initialized"});
  for (int i = 0; i < 3; ++i) peer.sends_text(confirmation_message(chat_room_id));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"s connected"});
}

TEST_CASE("a flood of pings is only read", "[R-CLIENT]") {
  consumer_world its;
  its.start();
  auto peer = its.confirm();
  for (int i = 0; i < 5000; ++i) peer.sends_text(ping_message(i));
  peer.sends_text(data_message(chat_room_id, "1"));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"s initialized", "s connected", "s 1"});
}

TEST_CASE("a late rejection ends a subscription", "[R-CLIENT][R-REJECT]") {
  consumer_world its;
  const auto room = its.start();
  auto peer = its.confirm();
  peer.sends_text(rejection_message(chat_room_id));
  peer.expect_nothing();
  CHECK(its.take_story() ==
        lines{"s initialized", "s connected", "s the subscription was rejected"});
  CHECK_FALSE(room.is_connected());
}

// Unsubscribing, and calls

TEST_CASE("an unsubscribe waits for the answer to the subscribe", "[R-CLIENT]") {
  consumer_world its;
  its.one->connect();
  auto peer = its.welcome();
  its.one->subscribe(chat_room, its.named("a")).unsubscribe();
  peer.expect_text(subscribe_command(chat_room_id));
  peer.expect_nothing();
  SECTION("which then ends") {
    peer.sends_text(confirmation_message(chat_room_id));
    peer.expect_text(unsubscribe_command(chat_room_id));
    peer.expect_nothing();
    CHECK(its.take_story().empty());
  }
  SECTION("which a new subscription takes over") {
    its.one->subscribe(chat_room, its.named("b"));
    peer.expect_nothing();
    peer.sends_text(confirmation_message(chat_room_id));
    peer.expect_nothing();
    CHECK(its.take_story() == lines{"b initialized", "b connected"});
  }
  SECTION("which is rejected") {
    peer.sends_text(rejection_message(chat_room_id));
    peer.expect_nothing();
    its.one->subscribe(chat_room);
    peer.expect_text(subscribe_command(chat_room_id));
  }
}

TEST_CASE("calls wait in a queue that is limited, or fail", "[R-CLIENT]") {
  SECTION("within the limit, in order") {
    const auto size = message_command(chat_room_id, {{"action", "1"}}).size();
    consumer_world its{{.max_queued = 2 * size}};
    const auto room = its.one->subscribe(chat_room);
    CHECK_FALSE(room.perform("1"));
    CHECK_FALSE(room.perform("2"));
    CHECK(room.perform("3") == cable::errc::queue_full);
    its.one->connect();
    auto peer = its.confirm();
    CHECK_FALSE(room.perform("4"));
    for (const auto* const action : {"1", "2", "4"}) {
      peer.expect_text(message_command(chat_room_id, {{"action", action}}));
    }
    // The queue is empty again, also after a subscription has ended.
    peer.ends_stream();
    its.world.run();
    CHECK_FALSE(room.perform("5"));
    CHECK_FALSE(room.perform("6"));
    room.unsubscribe();
    const auto other = its.one->subscribe(chat_room);
    CHECK_FALSE(other.perform("7"));
    CHECK_FALSE(other.perform("8"));
    CHECK(other.perform("9") == cable::errc::queue_full);
  }
  SECTION("without a queue") {
    consumer_world its{{.max_queued = 0}};
    const auto room = its.one->subscribe(chat_room);
    CHECK(room.perform("1") == cable::errc::not_connected);
    its.one->connect();
    auto peer = its.confirm();
    CHECK_FALSE(room.perform("2"));
    peer.expect_text(message_command(chat_room_id, {{"action", "2"}}));
    CHECK(room.perform("x", json::array()) == cable::errc::bad_data);
    CHECK(room.send("text") == cable::errc::bad_data);
    CHECK_FALSE(room.send({{"a", 1}}));
    peer.expect_text(message_command(chat_room_id, {{"a", 1}}));
  }
}

TEST_CASE("a call that exceeds the send budget fails, and an unsubscribe is repeated",
          "[R-CLIENT]") {
  consumer_options options{.stale_after = 0s};
  options.client.budget.hard = 64 * 1024;
  options.client.connection.write_timeout = 0s;
  options.client.connection.keep_alive_interval = 0s;
  consumer_world its{options};
  const auto room = its.start();
  auto peer = its.confirm();
  peer.stops_reading();
  const json big{{"text", std::string(10'000, 'x')}};
  std::error_code ec;
  int sent = 0;
  while (!ec && sent < 100) {
    ec = room.perform("speak", big);
    sent += ec ? 0 : 1;
    its.world.run();
  }
  CHECK(ec == condition::limit_exceeded);
  std::error_code small;
  while (!small) small = room.perform("x", {{"text", std::string(100, 'x')}});
  room.unsubscribe();
  its.world.advance(2s);
  peer.reads_again();
  its.world.advance(1s);
  std::string last;
  while (const auto got = peer.next()) last = got->text();
  CHECK(last == unsubscribe_command(chat_room_id));
}

// Requests that change

TEST_CASE("the headers and the URL of each attempt may be renewed", "[R-CLIENT]") {
  consumer_options options;
  int token = 0;
  options.client.prepare = [&](connect_options& connect) {
    connect.handshake.headers.add("Authorization", "Bearer " + std::to_string(++token));
  };
  options.client.make_url = [&] {
    return "HTTP://chat.example:8443/cable?t=" + std::to_string(token);
  };
  consumer_world its{options};
  its.one->connect();
  auto asked = its.world.reject({.status = 503});
  CHECK(asked.target() == "/cable?t=1");
  CHECK(asked.header("Authorization") == "Bearer 1");
  CHECK(asked.header("Origin") == "http://chat.example:8443");
  its.world.advance(12s);
  asked = its.world.reject({.status = 503});
  CHECK(asked.target() == "/cable?t=2");
  CHECK(asked.header("Authorization") == "Bearer 2");
}

// Handlers

TEST_CASE("an exception of a handler is reported, and the consumer goes on", "[R-CLIENT]") {
  consumer_world its;
  auto handlers = its.named("s");
  handlers.on_received = [&](const json& got) {
    its.note("s", to_text(got));
    throw std::runtime_error{"a fault of the application"};
  };
  its.one->subscribe(chat_room, handlers);
  its.one->connect();
  auto peer = its.confirm();
  its.take_story();
  peer.sends_text(data_message(chat_room_id, "1"));
  peer.sends_text(data_message(chat_room_id, "2"));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"s 1", "threw", "s 2", "threw"});
}

TEST_CASE("a handler may subscribe, perform, unsubscribe and destroy", "[R-CLIENT]") {
  consumer_world its;
  subscription first;
  subscription second;
  auto handlers = its.named("a");
  handlers.on_connected = [&](const connected_info&) {
    CHECK_FALSE(first.perform("hello"));
    second = its.one->subscribe("OtherChannel", its.named("b"));
  };
  handlers.on_received = [&](const json& got) {
    its.note("a", to_text(got));
    if (got == 1) second.unsubscribe();
    if (got == 2) first.unsubscribe();
    if (got == 3) its.one.reset();
  };
  SECTION("unsubscribing") {
    first = its.one->subscribe(chat_room, handlers);
    const auto twin = its.one->subscribe(chat_room, its.named("twin"));
    its.one->connect();
    auto peer = its.confirm();
    peer.expect_text(message_command(chat_room_id, {{"action", "hello"}}));
    const std::string_view other = R"({"channel":"OtherChannel"})";
    peer.expect_text(subscribe_command(other));
    peer.sends_text(confirmation_message(other));
    peer.sends_text(data_message(chat_room_id, "1"));
    peer.expect_text(unsubscribe_command(other));
    peer.sends_text(data_message(chat_room_id, "2"));
    peer.sends_text(data_message(chat_room_id, "4"));
    peer.expect_nothing();
    CHECK(its.take_story() == lines{"a initialized", "twin initialized", "twin connected",
                                    "b initialized", "b connected", "a 1", "twin 1", "a 2",
                                    "twin 2", "twin 4"});
    twin.unsubscribe();
    peer.expect_text(unsubscribe_command(chat_room_id));
  }
  SECTION("destroying") {
    first = its.one->subscribe(chat_room, handlers);
    its.one->subscribe(chat_room, its.named("twin"));
    its.one->connect();
    auto peer = its.confirm();
    its.take_story();
    peer.sends_text(data_message(chat_room_id, "3"));
    its.world.run();
    its.world.advance(60s);
    CHECK(its.take_story() == lines{"a 3"});
    CHECK(first.perform("x") == cable::errc::unsubscribed);
    first.unsubscribe();
    CHECK_FALSE(first.take());
    CHECK_FALSE(its.world.has_client());
  }
}

// Coroutines

asio::awaitable<void> read_all(subscription of, lines& into) {
  const auto ec = co_await of.connected();
  into.push_back(ec ? ec.message() : "connected");
  while (const auto message = co_await of.receive()) into.push_back(to_text(*message));
  into.emplace_back("end");
}

void rethrow(const std::exception_ptr& thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

TEST_CASE("a coroutine receives the messages of a subscription", "[R-CLIENT]") {
  consumer_world its;
  const auto room = its.one->subscribe(chat_room, its.named("s", false));
  asio::co_spawn(its.one->get_executor(), read_all(room, its.story), rethrow);
  its.one->connect();
  auto peer = its.confirm();
  CHECK(its.take_story() == lines{"s initialized", "s connected", "connected"});
  peer.sends_text(data_message(chat_room_id, "1"));
  peer.sends_text(data_message(chat_room_id, "2"));
  peer.expect_nothing();
  CHECK(its.take_story() == lines{"1", "2"});
  SECTION("until it is unsubscribed") {
    peer.sends_text(data_message(chat_room_id, "3"));
    peer.expect_nothing();
    room.unsubscribe();
    peer.expect_text(unsubscribe_command(chat_room_id));
    CHECK(its.take_story() == lines{"3", "end"});
  }
  SECTION("through a reconnection") {
    peer.sends_text(disconnect_message({}, true));
    its.end(peer);
    its.world.advance(0s);
    auto next = its.confirm();
    next.sends_text(data_message(chat_room_id, "4"));
    next.expect_nothing();
    CHECK(its.take_story() == lines{"s disconnected, reconnects", "s connected again gap", "4"});
  }
  SECTION("until it is rejected") {
    peer.sends_text(data_message(chat_room_id, "5"));
    peer.sends_text(rejection_message(chat_room_id));
    peer.expect_nothing();
    CHECK(its.take_story() == lines{"s the subscription was rejected", "5", "end"});
  }
  SECTION("until the consumer gives up") {
    peer.sends_text(disconnect_message("unauthorized", false));
    its.end(peer);
    CHECK(its.take_story() ==
          lines{"s disconnected", "end", "stopped the server ended the connection for good"});
  }
  SECTION("until the consumer is destroyed") {
    its.one.reset();
    its.world.run();
    CHECK(its.take_story() == lines{"end"});
  }
}

TEST_CASE("a coroutine that waits when the context ends is destroyed", "[R-CLIENT]") {
  lines story;
  const auto kept = std::make_shared<int>(0);
  subscription left;
  {
    consumer_world its;
    left = its.one->subscribe(chat_room, {.on_received = {}});
    asio::co_spawn(
        its.one->get_executor(),
        [](subscription of, lines& into, std::shared_ptr<int>) -> asio::awaitable<void> {
          co_await read_all(of, into);
        }(left, story, kept),
        rethrow);
    its.world.run();
    CHECK(kept.use_count() == 2);
  }
  CHECK(kept.use_count() == 1);
  CHECK(left.perform("x") == cable::errc::unsubscribed);
}

TEST_CASE("messages that no coroutine receives stop the reading", "[R-CLIENT]") {
  consumer_world its{{.max_unread = 4}};
  const auto room = its.one->subscribe(chat_room, {.on_received = {}});
  its.one->connect();
  auto peer = its.confirm();
  for (int i = 0; i < 20; ++i) peer.sends_text(data_message(chat_room_id, std::to_string(i)));
  peer.expect_nothing();
  // The silence is that of the consumer, so the connection is not stale.
  its.world.advance(60s);
  peer.expect_nothing();
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    its.world.run();
    CHECK(room.take() == json(i));
  }
  CHECK_FALSE(room.take());
  its.world.advance(6s);
  peer.expect_end();
}

TEST_CASE("a wait that is cancelled takes no message", "[R-CLIENT]") {
  consumer_world its;
  const auto room = its.one->subscribe(chat_room, {.on_received = {}});
  its.one->connect();
  auto peer = its.confirm();
  asio::cancellation_signal stop;
  std::vector<std::error_code> seen;
  room.async_wait(
      asio::bind_cancellation_slot(stop.slot(), [&](std::error_code ec) { seen.push_back(ec); }));
  its.world.run();
  stop.emit(asio::cancellation_type::terminal);
  its.world.run();
  CHECK(seen == std::vector<std::error_code>{asio::error::operation_aborted});
  peer.sends_text(data_message(chat_room_id, "1"));
  peer.expect_nothing();
  CHECK(room.take() == json(1));
}

// Threads

TEST_CASE("any number of threads may use a consumer", "[R-CLIENT][threads]") {
  asio::io_context context;
  const auto work = asio::make_work_guard(context);
  {
    // Nothing listens there.
    consumer one{context, {.client = {.url = "ws://127.0.0.1:1/cable"}}};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back([&] { context.run(); });
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&one, i] {
        for (int n = 0; n < 200; ++n) {
          const auto room =
              one.subscribe({{"channel", "X"}, {"n", n % 5}}, {.on_received = [](const json&) {}});
          room.perform("x", {{"thread", i}});
          if (n % 50 == 0) one.connect();
          if (n % 50 == 25) one.disconnect();
          room.unsubscribe();
        }
      });
    }
    for (std::size_t i = 2; i < threads.size(); ++i) threads[i].join();
    context.stop();
    threads[0].join();
    threads[1].join();
  }
}

}  // namespace
