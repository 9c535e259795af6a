// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/shared_presence.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <vector>

#include "hawser/cable/channel.hpp"
#include "hawser/cable/channel_definition.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/cable/server_message.hpp"
#include "support/catch.hpp"
#include "support/memory_cable.hpp"
#include "support/scripted_presence_store.hpp"

namespace shared_presence_tests {

using namespace std::chrono_literals;
using namespace hawser::test;
namespace cable = hawser::cable;
using cable::json;
using calls = std::vector<std::string>;

const std::string lobby = R"({"channel":"Lobby"})";

struct lobby_channel : cable::channel {
  static void define(cable::channel_definition<lobby_channel>& it) {
    it.on("enter", [](lobby_channel& of) { of.join_presence("chosen"); });
  }
  void subscribed() { stream_from("lobby", {.presence = true}); }
};

struct store_of_presence {
  scripted_presence_store store;
};

/// A cable server with a store.
struct storing_server : store_of_presence, memory_cable {
  storing_server() : memory_cable{enabled(store)} {
    served.add_channel<lobby_channel>("Lobby");
    mount();
  }

  static cable::server_options enabled(hawser::presence_store& in) {
    cable::server_options options;
    options.extended = {.enabled = true, .presence_store = &in};
    options.extended.presence = {
        .ttl = 7s, .max_record_bytes = 20, .max_ids_per_stream = 5, .max_memberships = 6};
    options.ping_interval = 3s;
    return options;
  }

  hawser::testing::peer join(const std::string& query = "") {
    auto peer = connect("actioncable-v1-ext-json", query);
    peer.answers_pings();
    welcome = json::parse(peer.expect_text());
    sid = welcome.at("sid");
    return peer;
  }

  hawser::testing::peer subscribe() {
    auto peer = join();
    peer.sends_text(cable::subscribe_command(lobby));
    peer.expect_text(cable::confirmation_message(lobby));
    return peer;
  }

  json welcome;
  std::string sid;
};

std::string event(const json& what) { return cable::presence_message(lobby, what); }
const json failed{{"type", "error"}};

TEST_CASE("a store gets what sessions do, with what is published", "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  ann.sends_text(cable::join_command(lobby, {{"id", "ann"}, {"info", 1}}));
  ann.expect_nothing();
  const std::string joined = R"({"id":"ann","info":1,"type":"join"})";
  const std::string left = R"({"id":"ann","type":"leave"})";
  const auto made = world.store.take_calls();
  REQUIRE(made.size() == 1);
  CHECK(made[0].starts_with("join lobby ann "));
  CHECK(made[0].ends_with(" " + world.sid));
  const auto texts = made[0].substr(15);
  CHECK(json::parse(texts.substr(0, texts.find("} ") + 1)) == json::parse(joined));
  CHECK(json::parse(texts.substr(texts.find("} ") + 2, left.size())) == json::parse(left));
  CHECK(world.store.events == "$presence:lobby");
  CHECK(world.store.limits_of_join.max_ids_per_stream == 5);
  CHECK(world.store.limits_of_join.max_memberships == 6);

  ann.sends_text(cable::leave_command(lobby));
  ann.expect_nothing();
  CHECK(world.store.take_calls() == calls{"leave lobby " + world.sid});
  ann.sends_text(cable::unsubscribe_command(lobby));
  ann.expect_nothing();
  CHECK(world.store.take_calls() == calls{"leave lobby " + world.sid});
  ann.resets_stream();
  world.run();
  CHECK(world.store.take_calls() == calls{"disconnect 7 " + world.sid});
}

TEST_CASE("events of the store reach the subscribers", "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  const json joined{{"type", "join"}, {"id", "bob"}};
  world.broker.publish({"$presence:lobby", hawser::prepared_message{cable::to_text(joined)}});
  ann.expect_text(event(joined));
}

TEST_CASE("a join that the store refuses is an error", "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  const bool is_late = GENERATE(false, true);
  world.store.holds_answers = is_late;
  const auto status = GENERATE(hawser::presence_status::mismatch, hawser::presence_status::full,
                               hawser::presence_status::joined);
  world.store.status = status;
  if (status == hawser::presence_status::joined) {
    world.store.failure = std::make_error_code(std::errc::not_connected);
  }
  ann.sends_text(cable::join_command(lobby, {{"id", "ann"}}));
  if (is_late) ann.expect_nothing();
  world.store.answer_all();
  ann.expect_text(event(failed));
  ann.sends_text(cable::message_command(lobby, {{"action", "enter"}}));
  world.run();
  world.store.answer_all();
  ann.expect_text(event(failed));
  ann.expect_nothing();
}

TEST_CASE("an id and its info have a limit before the store", "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  ann.sends_text(cable::join_command(lobby, {{"id", "ann"}, {"info", std::string(16, 'x')}}));
  ann.expect_text(event(failed));
  CHECK(world.store.calls.empty());
  ann.sends_text(cable::join_command(lobby, {{"id", "ann"}, {"info", std::string(15, 'x')}}));
  ann.expect_nothing();
  CHECK(world.store.calls.size() == 1);
}

TEST_CASE("the ids of the store are sorted, and their info is what has joined",
          "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  world.store.found = {2,
                       {R"({"type":"join","id":"b","info":[1]})", R"({"type":"join","id":"a"})"}};
  ann.sends_text(cable::presence_command(lobby, json::object()));
  ann.expect_text(
      event({{"type", "info"},
             {"total", 2},
             {"records", {json{{"id", "a"}}, json{{"id", "b"}, {"info", json::array({1})}}}}}));
  CHECK(world.store.take_calls() == calls{"find lobby members"});
  ann.sends_text(cable::presence_command(lobby, {{"return_records", false}}));
  ann.expect_text(event({{"type", "info"}, {"total", 2}}));
  CHECK(world.store.take_calls() == calls{"find lobby total"});
}

TEST_CASE("what the store does not know, or what it should not have, is an error",
          "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  const auto* const text = GENERATE("", "no JSON", "[]", R"({"id":1})", R"({"type":"join"})");
  world.store.found = {1, {text}};
  ann.sends_text(cable::presence_command(lobby, json::object()));
  ann.expect_text(event(failed));
  world.store.failure = std::make_error_code(std::errc::not_connected);
  ann.sends_text(cable::presence_command(lobby, {{"return_records", false}}));
  ann.expect_text(event(failed));
}

TEST_CASE("a store that does not answer for ten seconds has failed", "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  world.store.holds_answers = true;
  ann.sends_text(cable::presence_command(lobby, json::object()));
  ann.sends_text(cable::join_command(lobby, {{"id", "ann"}}));
  world.run();
  std::size_t errors = 0;
  for (int second = 0; second < 14; ++second) {
    world.advance(1s);
    while (const auto got = ann.next()) {
      if (got->text() != event(failed)) continue;
      CHECK(second >= 9);
      ++errors;
    }
  }
  CHECK(errors == 2);
  world.store.answer_all();
  world.run();
  ann.expect_nothing();
}

TEST_CASE("more than a hundred requests do not wait for a store", "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  world.store.holds_answers = true;
  for (int i = 0; i < 101; ++i) {
    ann.sends_text(cable::presence_command(lobby, {{"return_records", false}}));
  }
  ann.expect_text(event(failed));
  ann.expect_nothing();
  CHECK(world.store.calls.size() == 100);
  world.store.answer_all();
  for (int i = 0; i < 100; ++i) ann.expect_text(event({{"type", "info"}, {"total", 0}}));
  ann.expect_nothing();
}

TEST_CASE("an answer that comes after the subscription has ended is not sent",
          "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  world.store.holds_answers = true;
  ann.sends_text(cable::presence_command(lobby, json::object()));
  ann.sends_text(cable::unsubscribe_command(lobby));
  world.run();
  world.store.answer_all();
  ann.expect_nothing();
  auto bob = world.subscribe();
  bob.sends_text(cable::presence_command(lobby, json::object()));
  world.run();
  bob.resets_stream();
  world.run();
  world.store.answer_all();
  world.run();
}

TEST_CASE("a session that continues keeps what it has joined in the store",
          "[cable][R-EXT][R-REDIS]") {
  storing_server world;
  auto ann = world.subscribe();
  const auto old = world.sid;
  ann.resets_stream();
  world.run();
  world.store.calls.clear();
  auto back = world.join("?sid=" + old);
  CHECK(world.welcome.at("restored_ids") == json::array({lobby}));
  CHECK(world.store.take_calls() == calls{"transfer " + old + ' ' + world.sid});
}

}  // namespace shared_presence_tests
