// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/connection_saving.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>

#include "hawser/cable/server.hpp"
#include "support/catch.hpp"
#include "support/memory_cable.hpp"
#include "support/scripted_history_store.hpp"
#include "support/scripted_session_store.hpp"

using namespace std::chrono_literals;
using namespace hawser::test;
namespace cable = hawser::cable;
using cable::json;

namespace {

const std::string counter_id = R"({"channel":"CounterChannel"})";

/// Has a state, a stream with a history and, after an action, one more.
class counter_channel : public cable::channel {
 public:
  static void define(cable::channel_definition<counter_channel>& it) {
    it.on("count", [](counter_channel& of) { of.transmit(++of.count_); });
    it.on("follow", [](counter_channel& of) { of.stream_from("news"); });
    it.on("user", [](counter_channel& of) {
      const auto* const user = of.connection().find_identifier<std::string>("user");
      of.transmit(user == nullptr ? "none" : *user);
    });
    it.restorable(
        [](counter_channel& of) {
          return json{{"count", of.count_}};
        },
        [](counter_channel& of, const json& state) { of.count_ = state.at("count"); });
  }

  void subscribed() { stream_from("chat", {.history = cable::history_options{7, 60s}}); }

 private:
  int count_ = 0;
};

struct stores_first {
  scripted_history_store history;
  scripted_session_store sessions;
};

/// Two cable servers with one broker and the same stores, as two processes with one Redis.
struct sharing_servers : stores_first, memory_cable {
  sharing_servers() : memory_cable{enabled(*this)}, other{broker, enabled(*this)} {
    history.attach(broker);
    set_up(served);
    set_up(other);
    other.mount(http.route("/other"));
    mount();
  }

  void set_up(cable::server& of) {
    of.identified_by({"user", "tenant"});
    of.on_connect([this](cable::connection& one) {
      ++connects;
      one.identify("user", std::string{"7"});
      one.identify("tenant", std::string{"t"});
    });
    of.on_error([this](cable::connection&, const cable::fault&) { ++faults; });
    of.add_channel<counter_channel>("CounterChannel");
  }

  static cable::server_options enabled(stores_first& in) {
    cable::server_options options;
    options.extended = {.enabled = true, .store = &in.history, .session_store = &in.sessions};
    options.extended.sessions.ttl = 300s;
    options.ping_interval = 5s;
    return options;
  }

  hawser::testing::peer join(const std::string& path) {
    auto peer = world::connect(path, {{"Sec-WebSocket-Protocol", "actioncable-v1-ext-json"}});
    peer.answers_pings();
    welcome = json::parse(peer.expect_text());
    sid = welcome.at("sid");
    return peer;
  }

  /// A client that has counted to 2, and whose session the store has.
  hawser::testing::peer counting() {
    auto peer = join("/cable");
    peer.sends_text(cable::subscribe_command(counter_id));
    peer.expect_text(cable::confirmation_message(counter_id));
    for (const auto* const count : {"1", "2"}) {
      performs(peer, "count");
      peer.expect_text(cable::data_message(counter_id, count));
    }
    performs(peer, "follow");
    advance(5s);
    while (peer.next()) continue;
    return peer;
  }

  static void performs(hawser::testing::peer& peer, const std::string& action) {
    peer.sends_text(cable::message_command(counter_id, {{"action", action}}));
  }

  bool is_restored() const { return welcome.contains("restored"); }

  cable::server other;
  json welcome;
  std::string sid;
  int connects = 0;
  int faults = 0;
};

TEST_CASE("a session continues on another server, with its state, identifiers and streams",
          "[cable][R-EXT]") {
  sharing_servers world;
  auto lost = world.counting();
  const auto first = world.sid;
  // The server of the lost connection does not know that it is lost, or has died.
  auto back = world.join("/other?sid=" + first);
  CHECK(world.welcome.at("restored") == true);
  CHECK(world.welcome.at("restored_ids") == json{counter_id});
  CHECK(world.sid != first);
  CHECK(world.connects == 1);
  sharing_servers::performs(back, "count");
  back.expect_text(cable::data_message(counter_id, "3"));
  sharing_servers::performs(back, "user");
  back.expect_text(cable::data_message(counter_id, R"("7")"));
  world.served.broadcast("news", 1);
  back.expect_text(cable::data_message(counter_id, "1"));

  lost.resets_stream();
  world.run();
  CHECK_FALSE(world.sessions.sessions.contains(first));
  auto third = world.join("/other?sid=" + first);
  CHECK_FALSE(world.is_restored());
  CHECK(world.connects == 2);
}

TEST_CASE("a restored session gets what it has missed on another server", "[cable][R-EXT]") {
  sharing_servers world;
  auto lost = world.counting();
  world.served.broadcast("chat", 1);
  const auto got = json::parse(lost.expect_text());
  lost.resets_stream();
  world.run();
  world.served.broadcast("chat", 2);
  auto back = world.join("/other?sid=" + world.sid);
  CHECK(world.is_restored());
  world.served.broadcast("chat", 3);
  back.sends_text(cable::history_command(
      counter_id,
      {{"streams", {{"chat", {{"epoch", got.at("epoch")}, {"offset", got.at("offset")}}}}}}));
  for (std::uint64_t i = 2; i <= 3; ++i) {
    const auto one = json::parse(back.expect_text());
    CHECK(one.at("message") == i);
    CHECK(one.at("offset") == i);
  }
  back.expect_text(cable::history_confirmation_message(counter_id));
}

TEST_CASE("the welcome of a restored session waits until its streams are live", "[cable][R-EXT]") {
  sharing_servers world;
  auto lost = world.counting();
  world.history.holds_answers = true;
  auto back = static_cast<hawser::testing::world&>(world).connect(
      "/other?sid=" + world.sid, {{"Sec-WebSocket-Protocol", "actioncable-v1-ext-json"}});
  back.expect_nothing();
  world.history.answer_all();
  CHECK(json::parse(back.expect_text()).at("restored_ids") == json{counter_id});
}

TEST_CASE("a session that returns to its own server has its values, not only their texts",
          "[cable][R-EXT]") {
  sharing_servers world;
  auto lost = world.counting();
  lost.resets_stream();
  world.run();
  auto back = world.join("/cable?sid=" + world.sid);
  CHECK(world.is_restored());
  sharing_servers::performs(back, "count");
  back.expect_text(cable::data_message(counter_id, "3"));
}

TEST_CASE("after a remote disconnect, no server continues the session", "[cable][R-EXT][R-DISC]") {
  const auto where = GENERATE(cable::identifier_texts{{"user", "7"}, {"tenant", "t"}},
                              cable::identifier_texts{{"user", "7"}});
  sharing_servers world;
  auto lost = world.counting();
  const auto first = world.sid;
  // The process of the connection dies before it gets the disconnect.
  const auto kept = world.sessions.sessions;
  world.other.disconnect(where);
  world.run();
  CHECK_FALSE(world.sessions.sessions.contains(first));
  world.sessions.sessions = kept;
  auto back = world.join("/other?sid=" + first);
  CHECK_FALSE(world.is_restored());
  CHECK(world.connects == 2);
}

TEST_CASE("another user's remote disconnect does not end a session", "[cable][R-EXT][R-DISC]") {
  sharing_servers world;
  auto lost = world.counting();
  world.other.disconnect({{"user", "8"}});
  world.other.disconnect({{"user", "8"}, {"tenant", "t"}});
  auto back = world.join("/other?sid=" + world.sid);
  CHECK(world.is_restored());
}

TEST_CASE("without its store, or with a text that is none, a client connects as a new one",
          "[cable][R-EXT][R-REDIS]") {
  sharing_servers world;
  auto lost = world.counting();
  const auto first = world.sid;
  world.sessions.failure = std::make_error_code(std::errc::not_connected);
  auto back = world.join("/other?sid=" + first);
  CHECK_FALSE(world.is_restored());
  world.sessions.failure = {};
  for (const auto* const text : {"", "{}", "[1]", R"({"who":{"other":"1"},"subscriptions":[]})"}) {
    world.sessions.sessions[first] = {text, 0};
    auto again = world.join("/other?sid=" + first);
    CHECK_FALSE(world.is_restored());
  }
  CHECK(world.faults == 4);
}

TEST_CASE("a session is saved when it has changed, and before the store forgets it",
          "[cable][R-EXT]") {
  sharing_servers world;
  auto peer = world.counting();
  const auto saves = world.sessions.saves;
  for (int i = 0; i < 50; ++i) world.advance(1s);
  CHECK(world.sessions.saves == saves);
  for (int i = 0; i < 60; ++i) world.advance(1s);
  CHECK(world.sessions.saves == saves + 1);
  sharing_servers::performs(peer, "count");
  world.advance(5s);
  CHECK(world.sessions.saves == saves + 2);
}

TEST_CASE("a session that the server closes is not kept", "[cable][R-EXT]") {
  sharing_servers world;
  auto peer = world.counting();
  CHECK(world.sessions.sessions.size() == 1);
  world.served.restart();
  world.run();
  CHECK(world.sessions.sessions.empty());
}

}  // namespace
