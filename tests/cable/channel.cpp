// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/channel.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "support/cable.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
namespace cable = hawser::cable;
using cable::json;
using support::cable_world;

namespace {

struct room : cable::channel {
  static void define(cable::channel_definition<room>& it) {
    it.on("follow",
          [](room& of, const json& data) { of.stream_from(data.at("name").get<std::string>()); });
    it.on("unfollow", [](room& of, const json& data) {
      of.stop_stream_from(data.at("name").get<std::string>());
    });
    it.on("unfollow_all", [](room& of) { of.stop_all_streams(); });
    it.on("mixed", &room::mixed);
    it.on("follow_doubled", &room::follow_doubled);
    it.on("follow_text", [](room& of) {
      of.stream_from(
          "s", [&of](const std::string& text) { of.transmit(text); }, cable::as_text);
    });
    it.on("follow_object", [](room& of) { of.stream_for(7); });
    it.on("to_object", [](room& of) { of.broadcast_to(7, "seven"); });
    it.on("to_others",
          [](room& of) { of.broadcast("s", "others", {.except = of.connection().id()}); });
    it.on("compute", &room::compute);
    it.on("block", &room::block);
  }
  /// What it transmits and what it broadcasts to itself.
  void mixed() {
    for (int i = 0; i < 10; i += 2) {
      transmit(i);
      broadcast("s", i + 1);
    }
  }
  void follow_doubled() {
    stream_from("s", [this](const json& value) -> asio::awaitable<void> {
      transmit(value.get<int>() * 2);
      co_return;
    });
  }
  static inline std::atomic<bool> has_begun = false;
  static inline std::atomic<bool> may_end = false;

  asio::awaitable<void> block() {
    std::string result = "done";
    try {
      co_await offload([] {
        has_begun = true;
        has_begun.notify_all();
        may_end.wait(false);
      });
    } catch (const std::system_error& full) {
      CHECK(full.code() == std::errc::resource_unavailable_try_again);
      result = "full";
    }
    transmit(result);
  }
  asio::awaitable<void> compute() {
    const auto here = std::this_thread::get_id();
    const auto there = co_await offload([] { return std::this_thread::get_id(); });
    transmit(here == std::this_thread::get_id() && here != there);
    try {
      co_await offload([] { throw std::runtime_error{"no"}; });
    } catch (const std::runtime_error& thrown) {
      transmit(thrown.what());
    }
  }
};

struct rooms : cable_world {
  explicit rooms(const cable::server_options& options = {}) : cable_world{options} {
    cable.add_channel<room>("Room");
    serve();
  }

  std::pair<client, std::string> subscribe() {
    auto made = connect_welcome();
    auto id = made.subscribe({{"channel", "Room"}});
    made.expect_confirmed(id);
    return {std::move(made), std::move(id)};
  }
};

}  // namespace

TEST_CASE("streams begin and stop in actions, and the same name twice is one stream",
          "[cable][R-STREAM]") {
  rooms it;
  auto [client, id] = it.subscribe();
  client.perform(id, "follow", {{"name", "a"}});
  client.perform(id, "follow", {{"name", "a"}});
  client.perform(id, "follow", {{"name", "b"}});
  client.expect_nothing();
  it.cable.broadcast("a", 1);
  it.cable.broadcast("b", 2);
  client.expect_message(id, 1);
  client.expect_message(id, 2);
  client.perform(id, "unfollow", {{"name", "a"}});
  client.expect_nothing();
  it.cable.broadcast("a", 3);
  it.cable.broadcast("b", 4);
  client.expect_message(id, 4);
  client.perform(id, "unfollow_all");
  client.expect_nothing();
  it.cable.broadcast("b", 5);
  client.expect_nothing();
  CHECK(it.broker.subscriptions("a") == 0);
  CHECK(it.broker.subscriptions("b") == 0);
}

TEST_CASE("what an action transmits and broadcasts arrives in its order", "[cable][R-ORDER]") {
  rooms it;
  auto [client, id] = it.subscribe();
  client.perform(id, "follow", {{"name", "s"}});
  client.perform(id, "mixed");
  for (int i = 0; i < 10; ++i) client.expect_message(id, i);
  client.perform(id, "mixed");
  for (int i = 0; i < 10; ++i) client.expect_message(id, i);
  client.expect_nothing();
}

TEST_CASE("a callback of a stream gets the value or the text, and replaces the stream",
          "[cable][R-STREAM]") {
  rooms it;
  auto [client, id] = it.subscribe();
  client.perform(id, "follow", {{"name", "s"}});
  client.perform(id, "follow_doubled");
  client.expect_nothing();
  it.cable.broadcast("s", 21);
  client.expect_message(id, 42);
  client.expect_nothing();
  client.perform(id, "follow_text");
  client.expect_nothing();
  it.cable.broadcast("s", {{"k", 1}});
  client.expect_message(id, R"({"k":1})");
  client.expect_nothing();
}

TEST_CASE("a pattern or an empty name is no stream", "[cable][R-STREAM]") {
  rooms it;
  auto [client, id] = it.subscribe();
  for (const auto* name : {"*", "a/*", "**", "", "a\nb"}) {
    CAPTURE(name);
    client.perform(id, "follow", {{"name", name}});
    client.expect_nothing();
    REQUIRE(it.faults.size() == 1);
    CHECK(it.faults[0].threw);
    it.faults.clear();
  }
  CHECK(it.cable.statistics().streams == 1);
}

TEST_CASE("a channel streams for an object, and broadcasts to it", "[cable][R-NAME]") {
  rooms it;
  auto [client, id] = it.subscribe();
  client.perform(id, "follow_object");
  client.perform(id, "to_object");
  client.expect_message(id, "seven");
  CHECK(it.broker.payloads("room:7").size() == 1);
}

TEST_CASE("a broadcast may leave out its own connection", "[cable][R-OTHERS]") {
  rooms it;
  auto [one, id] = it.subscribe();
  auto [two, same] = it.subscribe();
  one.perform(id, "follow", {{"name", "s"}});
  two.perform(id, "follow", {{"name", "s"}});
  two.expect_nothing();
  one.perform(id, "to_others");
  one.expect_nothing();
  two.expect_message(id, "others");
}

TEST_CASE("only JSON reaches a client, whatever is published", "[cable][R-FAST]") {
  rooms it;
  auto [client, id] = it.subscribe();
  client.perform(id, "follow", {{"name", "s"}});
  client.expect_nothing();
  it.broker.publish({"s", hawser::prepared_message{R"(1,"type":"disconnect")"}});
  it.broker.publish({"s", hawser::prepared_message{R"({"ok":true})"}});
  client.expect_message(id, {{"ok", true}});
  client.expect_nothing();
  CHECK(it.cable.broadcast_text("s", "nonsense") == cable::errc::bad_data);
  CHECK(!it.cable.broadcast_text("s", "\"text\""));
  client.expect_message(id, "text");
}

TEST_CASE("a function that blocks runs on another thread, and its coroutine continues on its own",
          "[cable]") {
  rooms it;
  auto [client, id] = it.subscribe();
  client.perform(id, "compute");
  std::vector<json> got;
  const auto latest = std::chrono::steady_clock::now() + 60s;
  while (got.size() < 2 && std::chrono::steady_clock::now() < latest) {
    while (const auto next = client.peer().next()) {
      got.push_back(json::parse(next->text()).at("message"));
    }
    std::this_thread::yield();
  }
  CHECK(got == std::vector<json>{true, "no"});
}

TEST_CASE("a function for which there is no place fails at once, and the others run", "[cable]") {
  cable::server_options options;
  options.offload_threads = 1;
  options.max_offloaded = 1;
  rooms it{options};
  auto [one, id] = it.subscribe();
  auto [two, same] = it.subscribe();
  auto [three, as_well] = it.subscribe();
  room::may_end = false;
  room::has_begun = false;
  one.perform(id, "block");
  one.expect_nothing();
  room::has_begun.wait(false);
  two.perform(id, "block");
  two.expect_nothing();
  three.perform(id, "block");
  three.expect_message(id, "full");
  room::may_end = true;
  room::may_end.notify_all();
  const auto latest = std::chrono::steady_clock::now() + 60s;
  for (auto* client : {&one, &two}) {
    auto got = client->peer().next();
    while (!got && std::chrono::steady_clock::now() < latest) {
      std::this_thread::yield();
      got = client->peer().next();
    }
    REQUIRE(got);
    CHECK(json::parse(got->text()).at("message") == "done");
  }
}
