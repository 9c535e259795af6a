// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/connection.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <asio/steady_timer.hpp>

#include "support/cable.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
namespace cable = hawser::cable;
using cable::json;
using hawser::close_code;
using support::cable_world;

namespace {

const json chat{{"channel", "ChatChannel"}};

struct notes : cable::channel {
  static inline std::vector<std::string> all;

  static void define(cable::channel_definition<notes>& it) {
    it.on("note", [](notes&, const json& data) { all.push_back(data.at("text")); });
  }
  void subscribed() { all.push_back("subscribed " + connection().identifier()); }
  void unsubscribed() { all.push_back("unsubscribed"); }
};

/// Waits for what a test does later.
struct gate {
  explicit gate(asio::io_context& in) : timer{in} {
    timer.expires_at((asio::steady_timer::time_point::max)());
  }
  void open() { timer.cancel(); }
  asio::awaitable<void> wait() {
    std::error_code ec;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    was_cancelled = ec && timer.expiry() == (asio::steady_timer::time_point::max)();
    if (throws_if_cancelled) throw std::system_error{ec};
  }
  asio::steady_timer timer;
  bool was_cancelled = false;
  bool throws_if_cancelled = false;
};

}  // namespace

TEST_CASE("a connection has the identifiers that on_connect sets, with their types",
          "[cable][R-CONN]") {
  cable_world it;
  std::string seen;
  it.cable.identified_by({"user", "tenant"});
  it.cable.on_connect([](cable::connection& one) {
    one.identify("user", 7);
    one.identify("tenant", "acme");
  });
  it.cable.on_disconnect([&](cable::connection& one) {
    seen = one.identifier() + ' ' + std::to_string(one.identifier<int>("user")) + ' ' +
           one.identifier<std::string>("tenant");
    CHECK(one.find_identifier<long>("user") == nullptr);
    CHECK_THROWS_AS(one.identifier<int>("tenant"), std::out_of_range);
    CHECK_THROWS_AS(one.identify("user", 8), std::logic_error);
  });
  it.serve();
  auto client = it.connect_welcome();
  client.close();
  client.expect_closed(close_code::normal);
  CHECK(seen == "7:acme 7 acme");
  CHECK(it.faults.empty());
}

TEST_CASE("an identifier that is not declared is a fault of on_connect", "[cable][R-CONN]") {
  cable_world it;
  it.cable.on_connect([](cable::connection& one) { one.identify("user", 7); });
  it.serve();
  auto client = it.connect();
  client.expect_disconnect("server_error", true);
  client.expect_closed(close_code::internal_error);
  REQUIRE(it.faults.size() == 1);
  CHECK(it.faults[0].handler == "connect");
}

TEST_CASE("an unauthorized client gets disconnect without reconnect, and a normal close",
          "[cable][R-CONN]") {
  cable_world it;
  int ended = 0;
  it.cable.on_connect([](cable::connection& one) {
    if (!one.request().cookie("user")) one.reject_unauthorized();
  });
  it.cable.on_disconnect([&](cable::connection&) { ++ended; });
  it.serve();
  auto refused = it.connect();
  refused.expect_disconnect("unauthorized", false);
  refused.expect_closed(close_code::normal);
  refused.close();
  refused.expect_nothing();
  CHECK(ended == 1);
  auto welcome = it.connect("/cable", {{"Cookie", "user=7"}});
  welcome.expect_welcome();
  CHECK(it.faults.empty());
}

TEST_CASE("an exception in on_connect is server_error and close code 1011", "[cable][R-CONN]") {
  cable_world it;
  it.cable.on_connect([](cable::connection&) -> asio::awaitable<void> {
    throw std::runtime_error{"no database"};
    co_return;
  });
  it.serve();
  auto client = it.connect();
  client.expect_disconnect("server_error", true);
  client.expect_closed(close_code::internal_error);
  CHECK(it.faults.size() == 1);
}

TEST_CASE("with the answers of Rails, an exception in on_connect leaves the connection open",
          "[cable][R-CONN]") {
  cable_world it{cable::server_options::rails()};
  int ended = 0;
  it.cable.on_connect([](cable::connection&) { throw 1; });
  it.cable.on_disconnect([&](cable::connection&) { ++ended; });
  it.serve();
  auto client = it.connect();
  client.subscribe(chat);
  client.expect_nothing();
  it.world.advance(15s);
  client.expect_nothing();
  client.close();
  client.expect_closed(close_code::normal);
  CHECK(ended == 1);
}

TEST_CASE("commands wait for a coroutine on_connect, and run in their order", "[cable][R-CONN]") {
  notes::all.clear();
  cable_world it;
  gate door{it.world.context()};
  it.cable.add_channel<notes>("ChatChannel");
  it.cable.identified_by({"user"});
  it.cable.on_connect([&](cable::connection& one) -> asio::awaitable<void> {
    co_await door.wait();
    one.identify("user", "u");
  });
  it.serve();
  auto client = it.connect();
  const auto id = client.subscribe(chat);
  client.perform(id, "note", {{"text", "1"}});
  client.perform(id, "note", {{"text", "2"}});
  client.unsubscribe(id);
  client.expect_nothing();
  door.open();
  client.expect_welcome();
  client.expect_confirmed(id);
  client.expect_nothing();
  CHECK(notes::all == std::vector<std::string>{"subscribed u", "1", "2", "unsubscribed"});
}

TEST_CASE("more commands before the welcome than the limit close the connection",
          "[cable][R-CONN]") {
  cable::server_options options;
  options.max_early_commands = 3;
  options.max_early_bytes = 1'000;
  cable_world it{options};
  gate door{it.world.context()};
  it.cable.on_connect([&](cable::connection&) { return door.wait(); });
  it.serve();
  const bool by_bytes = GENERATE(false, true);
  auto client = it.connect();
  if (by_bytes) {
    client.subscribe({{"channel", std::string(1'000, 'x')}});
  } else {
    for (int i = 0; i < 4; ++i) client.subscribe(chat);
  }
  client.expect_disconnect(std::nullopt, true);
  client.expect_closed(close_code::policy_violation);
  CHECK(it.take_errors() == std::vector<std::error_code>{cable::errc::too_many_commands});
  client.close();
  client.expect_nothing();
}

TEST_CASE("on_connect is cancelled at its deadline, and the client gets server_error",
          "[cable][R-CONN]") {
  cable_world it;
  gate door{it.world.context()};
  int ended = 0;
  it.cable.on_connect([&](cable::connection&) { return door.wait(); });
  it.cable.on_disconnect([&](cable::connection&) { ++ended; });
  it.serve();
  auto client = it.connect();
  it.world.advance(9s);
  client.expect_nothing();
  it.world.advance(1s);
  client.expect_disconnect("server_error", true);
  client.expect_closed(close_code::internal_error);
  CHECK(door.was_cancelled);
  client.close();
  client.expect_nothing();
  CHECK(ended == 1);
}

TEST_CASE("on_disconnect comes once, after all subscriptions have ended, also behind a coroutine",
          "[cable][R-CONN]") {
  notes::all.clear();
  cable_world it;
  gate door{it.world.context()};
  struct slow : notes {
    static void define(cable::channel_definition<slow>& of) { of.on("wait", &slow::wait); }
    asio::awaitable<void> wait() {
      auto& by = *std::any_cast<gate*>(connection().data());
      co_await by.wait();
      all.push_back("waited");
    }
  };
  it.cable.add_channel<slow>("Slow");
  it.cable.on_connect([&](cable::connection& one) { one.data() = &door; });
  it.cable.on_disconnect([&](cable::connection&) { notes::all.push_back("disconnected"); });
  it.serve();
  auto client = it.connect_welcome();
  const auto one = client.subscribe({{"channel", "Slow"}, {"n", 1}});
  const auto two = client.subscribe({{"channel", "Slow"}, {"n", 2}});
  client.expect_confirmed(one);
  client.expect_confirmed(two);
  client.perform(one, "wait");
  client.expect_nothing();
  notes::all.clear();
  client.peer().resets_stream();
  it.world.run();
  CHECK(notes::all.empty());
  CHECK(it.cable.statistics().connections == 1);
  door.open();
  it.world.run();
  CHECK(notes::all ==
        std::vector<std::string>{"waited", "unsubscribed", "unsubscribed", "disconnected"});
  CHECK(it.cable.statistics().connections == 0);
  CHECK(it.cable.statistics().subscriptions == 0);
}

TEST_CASE("a connection sends messages of its own, and closes with a reason", "[cable]") {
  cable_world it;
  it.cable.on_connect([](cable::connection& one) {
    one.transmit({{"type", "note"}});
    if (one.request().query().empty()) return;
    one.close("maintenance", false);
  });
  it.serve();
  auto open = it.connect();
  open.peer().expect_text(R"({"type":"note"})");
  open.expect_welcome();
  auto closed = it.connect("/cable?x=1");
  closed.peer().expect_text(R"({"type":"note"})");
  closed.expect_disconnect("maintenance", false);
  closed.expect_closed(close_code::normal);
}

TEST_CASE("pings come every three seconds, at a time of their own for each connection",
          "[cable][R-CONN]") {
  cable_world it;
  it.serve();
  auto client = it.connect_welcome();
  it.world.advance(3s);
  const auto first = client.expect_ping();
  CHECK(first.is_number_integer());
  for (int i = 0; i < 3; ++i) {
    it.world.advance(3s);
    client.expect_ping();
  }
}

TEST_CASE("a client that has vanished ends 40 s after its last byte", "[cable][R-CONN]") {
  cable_world it;
  int ended = 0;
  it.cable.on_disconnect([&](cable::connection&) { ++ended; });
  it.serve();
  auto client = it.connect_welcome();
  it.world.advance(10s);
  client.perform("unknown", "nothing");
  it.world.advance(40s - 1ms);
  CHECK(ended == 0);
  it.world.advance(1ms);
  CHECK(ended == 1);
  CHECK(it.http.connections() == 0);
}

TEST_CASE("a client that does not read is closed with 1008 once 4 MiB wait for it", "[cable]") {
  struct flood : cable::channel {
    static void define(cable::channel_definition<flood>& of) { of.on("send", &flood::send); }
    void send(const json& data) {
      for (int i = 0; i < data.at("count").get<int>(); ++i) transmit(std::string(64 * 1024, 'x'));
    }
  };
  cable_world it;
  it.cable.add_channel<flood>("Flood");
  it.serve();
  auto client = it.connect_welcome();
  const auto all = client.subscribe({{"channel", "Flood"}});
  client.expect_confirmed(all);
  client.peer().stops_reading();
  client.perform(all, "send", {{"count", 60}});
  it.world.run();
  CHECK(it.cable.statistics().connections == 1);
  client.perform(all, "send", {{"count", 60}});
  it.world.run();
  client.peer().reads_again();
  std::optional<close_code> code;
  while (const auto got = client.peer().next()) code = got->code();
  CHECK(code == close_code::policy_violation);
}

TEST_CASE("an action that waits delays the commands of its own connection, and no other",
          "[cable][R-CONN]") {
  cable_world it;
  gate door{it.world.context()};
  struct waiting : cable::channel {
    static void define(cable::channel_definition<waiting>& of) {
      of.on("wait", &waiting::wait);
      of.on("echo", [](waiting& self, const json& data) { self.transmit(data); });
    }
    asio::awaitable<void> wait() {
      co_await std::any_cast<gate*>(connection().data())->wait();
      transmit("waited");
    }
  };
  it.cable.add_channel<waiting>("Waiting");
  it.cable.on_connect([&](cable::connection& one) { one.data() = &door; });
  it.serve();
  auto ann = it.connect_welcome();
  auto bob = it.connect_welcome();
  const auto id = ann.subscribe({{"channel", "Waiting"}});
  bob.subscribe_as(id);
  ann.expect_confirmed(id);
  bob.expect_confirmed(id);
  ann.perform(id, "wait");
  ann.perform(id, "echo");
  ann.expect_nothing();
  bob.perform(id, "echo");
  bob.expect_message(id, {{"action", "echo"}});
  ann.expect_nothing();
  door.open();
  ann.expect_message(id, "waited");
  ann.expect_message(id, {{"action", "echo"}});
}
