// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/server.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

#include "hawser/asio/server.hpp"
#include "hawser/cable/consumer.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing.hpp"
#include "support/cable.hpp"
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

const std::string chat_identifier = R"({"channel":"ChatChannel"})";

struct counted_ends : cable::channel {
  static inline std::atomic<int> all = 0;
  void unsubscribed() { ++all; }
};

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
  peer.sends_text(cable::subscribe_command(chat_identifier));
  peer.expect_text(cable::confirmation_message(chat_identifier));
  peer.sends_text(cable::message_command(chat_identifier, {{"action", "echo"}, {"n", 1}}));
  peer.expect_text(cable::data_message(chat_identifier, R"({"action":"echo","n":1})"));
  peer.sends_text(cable::message_command(chat_identifier, {{"action", "speak"}, {"text", "hi"}}));
  peer.expect_text(cable::data_message(chat_identifier, R"("hi")"));
  served.broadcast("room", {{"a", 1}});
  peer.expect_text(cable::data_message(chat_identifier, R"({"a":1})"));
  world.advance(3s);
  CHECK(json::parse(peer.expect_text()).at("type") == "ping");
  peer.sends_text(cable::unsubscribe_command(chat_identifier));
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

namespace {

struct listener : cable::channel {
  static void define(cable::channel_definition<listener>& it) {
    it.periodically(1s, [](listener& of) {
      if (of.params().contains("ticks")) of.transmit(++of.ticks);
    });
  }
  void subscribed() { stream_from("news"); }
  int ticks = 0;
};

struct served_users : support::cable_world {
  explicit served_users(const cable::server_options& options = {}) : cable_world{options} {
    cable.identified_by({"user", "tenant"});
    cable.on_connect([](cable::connection& one) {
      one.identify("user", std::string{one.request().query()});
      one.identify("tenant", "t");
    });
    cable.add_channel<listener>("News");
    cable.mount_health(http.route("/health"));
    serve();
  }

  client connect_user(const std::string& name) {
    auto made = connect("/cable?" + name);
    made.expect_welcome();
    return made;
  }
};

}  // namespace

TEST_CASE("settings after mount() are refused, and names of channels are unique", "[cable]") {
  support::cable_world it;
  it.cable.add_channel<listener>("News");
  CHECK_THROWS_AS(it.cable.add_channel<listener>("News"), std::invalid_argument);
  it.serve();
  CHECK_THROWS_AS(it.cable.add_channel<listener>("Other"), std::logic_error);
  CHECK_THROWS_AS(it.cable.on_connect([](cable::connection&) {}), std::logic_error);
}

TEST_CASE("names of actions are unique and not those of hooks, and periods are positive",
          "[cable][R-ACTION]") {
  cable::channel_definition<listener> it{"News"};
  it.on("speak", [](listener&) {});
  for (const auto* name : {"speak", "subscribed", "unsubscribed", "receive", ""}) {
    CHECK_THROWS_AS(it.on(name, [](listener&) {}), std::invalid_argument);
  }
  CHECK_THROWS_AS(it.periodically(0s, [](listener&) {}), std::invalid_argument);
}

TEST_CASE("a remote disconnect by all identifiers has the form of Rails", "[cable][R-DISC]") {
  served_users it;
  auto one = it.connect_user("1");
  auto two = it.connect_user("2");
  it.cable.disconnect({{"user", "1"}, {"tenant", "t"}}, {.reconnect = false});
  one.expect_disconnect("remote", false);
  one.expect_closed(hawser::close_code::normal);
  two.expect_nothing();
  CHECK(json::parse(it.broker.payloads("action_cable/1:t").at(0)) ==
        json{{"type", "disconnect"}, {"reconnect", false}});
  it.broker.publish({"action_cable/2:t", hawser::prepared_message{R"({"type":"disconnect"})"}});
  two.expect_disconnect("remote", true);
  CHECK_THROWS_AS(it.cable.disconnect({}), std::invalid_argument);
  CHECK_THROWS_AS(it.cable.disconnect({{"role", "x"}}), std::invalid_argument);
}

TEST_CASE("a remote disconnect by some identifiers ends the connections that have them",
          "[cable][R-DISC]") {
  served_users it;
  auto one = it.connect_user("1");
  auto two = it.connect_user("2");
  it.cable.disconnect({{"user", "2"}});
  two.expect_disconnect("remote", true);
  one.expect_nothing();
  it.cable.disconnect({{"tenant", "t"}});
  one.expect_disconnect("remote", true);
}

TEST_CASE("restart() ends all connections, and clients connect again", "[cable][R-DISC]") {
  served_users it;
  auto one = it.connect_user("1");
  it.cable.restart();
  one.expect_disconnect("server_restart", true);
  one.expect_closed(hawser::close_code::normal);
  it.connect_user("1");
}

TEST_CASE("shutdown() spreads the ends of connections, and refuses new ones", "[cable][R-DISC]") {
  served_users it;
  std::vector<served_users::client> all;
  for (int i = 0; i < 4; ++i) all.push_back(it.connect_user("1"));
  CHECK(it.world.http("GET", "/health").status == 200);
  it.cable.shutdown({.grace = 4s});
  CHECK(it.world.http("GET", "/health").status == 503);
  CHECK(it.world.request("/cable", {{"Origin", "http://localhost"}}).status == 503);
  for (std::size_t closed = 1; closed <= 4; ++closed) {
    for (auto& one : all) {
      while (const auto got = one.peer().next()) {
        if (got->code() == hawser::close_code::service_restart) one.close();
      }
    }
    it.world.run();
    CHECK(it.cable.statistics().connections == 4 - closed);
    it.world.advance(1s);
  }
}

namespace {

struct mortal_channel : cable::channel {
  static inline int alive = 0;
  static inline std::function<void()> on_tick;

  static void define(cable::channel_definition<mortal_channel>& it) {
    it.periodically(1s, [](mortal_channel&) {
      if (on_tick) std::exchange(on_tick, {})();
    });
  }

  mortal_channel() { ++alive; }
  ~mortal_channel() override { --alive; }
  mortal_channel(const mortal_channel&) = delete;
  mortal_channel& operator=(const mortal_channel&) = delete;
  void subscribed() { stream_from("room"); }
};

/// A cable server, its broker and the server of its route, which a test destroys in an order.
struct mortal_world {
  mortal_world() {
    cable->add_channel<mortal_channel>("ChatChannel");
    cable->before_command([this](cable::connection&, const cable::command& one) {
      if (one.type == cable::command_type::unsubscribe && on_unsubscribe) on_unsubscribe();
      return true;
    });
    cable->mount(http->route("/cable"));
    world.serve(*http);
  }

  void destroy(const std::string& order) {
    for (const char one : order) {
      if (one == 'b') broker.reset();
      if (one == 'c') cable.reset();
      if (one == 'h') http.reset();
    }
  }

  std::function<void()> on_unsubscribe;
  hawser::testing::world world;
  std::optional<hawser::memory_broker> broker{std::in_place};
  std::optional<cable::server> cable{std::in_place, *broker};
  std::optional<hawser::server> http{
      std::in_place, world.context(),
      hawser::server_options{.listener = hawser::first_listener::none}};
};

}  // namespace

TEST_CASE("the servers and the broker may be destroyed with clients, the broker after its server",
          "[cable]") {
  const std::string order = GENERATE("hcb", "chb", "cbh");
  const std::string where = GENERATE("outside", "in a command", "in a periodic function");
  CAPTURE(order, where);
  mortal_world it;
  std::vector<support::cable_world::client> clients;
  for (int i = 0; i < 3; ++i) {
    auto& one = clients.emplace_back(it.world);
    one.expect_welcome();
    one.subscribe_as(chat_identifier);
    one.expect_confirmed(chat_identifier);
  }
  REQUIRE(mortal_channel::alive == 3);
  if (where == "in a command") {
    it.on_unsubscribe = [&] { it.destroy(order); };
    clients[0].unsubscribe(chat_identifier);
  } else if (where == "in a periodic function") {
    mortal_channel::on_tick = [&] { it.destroy(order); };
    it.world.advance(1s);
  } else {
    it.destroy(order);
  }
  it.world.run();
  CHECK_FALSE(it.http);
  CHECK(mortal_channel::alive == 0);
}

TEST_CASE("a periodic function runs in its period until the subscription ends",
          "[cable][R-TIMER]") {
  served_users it;
  auto client = it.connect_user("1");
  const auto id = client.subscribe({{"channel", "News"}, {"ticks", true}});
  client.expect_confirmed(id);
  it.world.advance(999ms);
  client.expect_nothing();
  it.world.advance(1ms);
  client.expect_message(id, 1);
  it.world.advance(2s);
  client.expect_message(id, 2);
  client.expect_message(id, 3);
  client.unsubscribe(id);
  it.world.advance(5s);
  client.expect_nothing();
}

TEST_CASE("the server chooses its subprotocol, or that of the client's order by Rails",
          "[cable][R-SUB]") {
  const bool rails = GENERATE(false, true);
  served_users it{rails ? cable::server_options::rails() : cable::server_options{}};
  const auto chosen = [&](const char* offered) {
    hawser::header_fields headers{{"Origin", "http://localhost"}};
    if (*offered != 0) headers.add("Sec-WebSocket-Protocol", offered);
    const auto answer = it.world.request("/cable", headers);
    CHECK(answer.status == 101);
    return std::string{answer.headers.find("Sec-WebSocket-Protocol").value_or("")};
  };
  CHECK(chosen("") == "");
  CHECK(chosen("chat") == "");
  CHECK(chosen("actioncable-unsupported") == "actioncable-unsupported");
  CHECK(chosen("actioncable-v1-json, actioncable-unsupported") == "actioncable-v1-json");
  CHECK(chosen("actioncable-unsupported, actioncable-v1-json") ==
        (rails ? "actioncable-unsupported" : "actioncable-v1-json"));
  CHECK(it.world.http("GET", "/cable").status == (rails ? 404 : 426));
}

TEST_CASE("hooks surround commands, and may suppress them", "[cable]") {
  support::cable_world it;
  std::vector<std::string> seen;
  it.cable.add_channel<listener>("News");
  it.cable.before_command([&](cable::connection&, const cable::command& one) {
    seen.push_back("before " + one.identifier);
    return one.identifier.find("no") == std::string::npos;
  });
  it.cable.after_command([&](cable::connection&, const cable::command& one) {
    seen.push_back("after " + one.identifier);
  });
  it.serve();
  auto client = it.connect_welcome();
  client.subscribe_as("no");
  client.expect_nothing();
  const std::string id = R"({"channel":"News"})";
  client.subscribe_as(id);
  client.expect_confirmed(id);
  CHECK(seen == std::vector<std::string>{"before no", "before " + id, "after " + id});
}

TEST_CASE("unsubscribed() and on_disconnect are called before run() returns", "[cable][R-CONN]") {
  hawser::memory_broker broker;
  cable::server served{broker};
  served.add_channel<counted_ends>("Counted");
  std::atomic<int> disconnected = 0;
  served.on_disconnect([&](cable::connection&) { ++disconnected; });
  hawser::server http{{.threads = 2}};
  served.mount(http.route("/cable"));
  counted_ends::all = 0;
  std::atomic<bool> has_returned = false;
  std::thread serving{[&] {
    http.run();
    CHECK(counted_ends::all == 1);
    CHECK(disconnected == 1);
    has_returned = true;
  }};

  asio::io_context context;
  const auto url = "ws://127.0.0.1:" + std::to_string(http.port()) + "/cable";
  cable::consumer one{context, {.client = {.url = url}}};
  one.subscribe("Counted", {.on_connected = [&](const auto&) { http.shutdown(); }});
  one.connect();
  const auto latest = std::chrono::steady_clock::now() + 60s;
  while (!has_returned && std::chrono::steady_clock::now() < latest) context.run_one_for(10ms);
  CHECK(has_returned);
  if (!has_returned) http.shutdown();
  serving.join();
}
