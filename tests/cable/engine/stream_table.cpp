// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/stream_table.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hawser/asio/server.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/cable/test_client.hpp"
#include "hawser/testing.hpp"
#include "support/catch.hpp"
#include "support/waiting_broker.hpp"

using namespace std::chrono_literals;
namespace cable = hawser::cable;

namespace {

/// A broker whose subscriptions are live, or fail, when the test says so.
class late_broker : public hawser::test::waiting_broker {
 public:
  /// Answers all that wait for this topic. Returns how many they were.
  std::size_t answer(std::string_view topic, std::error_code ec = {}) {
    const auto asked = take(topic);
    for (const auto& one : asked) {
      if (!ec) inner().subscribe(one.to, one.topic);
      one.live(ec);
    }
    return asked.size();
  }

  std::size_t subscriptions(std::string_view topic) { return inner().subscriptions(topic); }
};

/// Streams from the names in its parameters, and from those of its action.
struct names_channel : cable::channel {
  static void define(cable::channel_definition<names_channel>& it) {
    it.on("follow", [](names_channel& of, const cable::json& data) {
      of.stream_from(data.at("name").get<std::string>());
    });
  }
  void subscribed() {
    for (const auto& one : params().at("names")) stream_from(one.get<std::string>());
  }
};

/// A cable server with such a broker. `user` in the query identifies a connection.
struct late_world : hawser::testing::world {
  using client = cable::test_client<hawser::testing::world>;

  late_world() {
    served.identified_by({"user"});
    served.on_connect([](cable::connection& one) {
      one.identify("user", std::string{one.request().query("user").value_or("")});
    });
    served.on_disconnect([this](cable::connection&) { ++disconnects; });
    served.on_error([this](cable::connection&, const cable::fault& what) {
      faults.push_back(what.describe());
    });
    served.add_channel<names_channel>("Names");
    served.mount(http.route("/cable"));
    serve(http);
  }

  client welcomed() {
    client made{*this};
    made.expect_welcome();
    return made;
  }

  late_broker broker;
  cable::server served{broker};
  hawser::server http{context(), {.listener = hawser::first_listener::none}};
  std::vector<std::string> faults;
  int disconnects = 0;
};

const auto broker_error = std::make_error_code(std::errc::connection_reset);

}  // namespace

TEST_CASE("the welcome waits for the broker, and commands wait for the welcome",
          "[cable][R-CONN][R-DISC]") {
  late_world it;
  late_world::client ann{it, "/cable?user=7"};
  const auto names = ann.subscribe({{"channel", "Names"}, {"names", {"a"}}});
  ann.expect_nothing();
  REQUIRE(it.broker.answer("action_cable/7") == 1);
  ann.expect_welcome();
  ann.expect_nothing();
  REQUIRE(it.broker.answer("a") == 1);
  ann.expect_confirmed(names);
  CHECK(it.faults.empty());
}

TEST_CASE("a broker that refuses the topic of remote disconnects refuses the client",
          "[cable][R-CONN][R-DISC]") {
  late_world it;
  late_world::client ann{it, "/cable?user=7"};
  ann.expect_nothing();
  REQUIRE(it.broker.answer("action_cable/7", broker_error) == 1);
  ann.expect_disconnect("server_error", true);
  ann.expect_closed(hawser::close_code::internal_error);
  REQUIRE(it.faults.size() == 1);
  CHECK(it.faults[0].starts_with("connect: action_cable: "));
}

TEST_CASE("a broker that answers after the deadline, or after the client has gone, changes nothing",
          "[cable][R-CONN]") {
  late_world it;
  late_world::client ann{it, "/cable?user=7"};
  ann.subscribe({{"channel", "Names"}, {"names", {"a"}}});
  ann.expect_nothing();
  SECTION("after the deadline") {
    it.advance(10s);
    ann.expect_disconnect("server_error", true);
    ann.expect_closed(hawser::close_code::internal_error);
    ann.close();
  }
  SECTION("after the client has gone") { ann.peer().resets_stream(); }
  it.run();
  CHECK(it.disconnects == 1);
  CHECK(it.broker.answer("action_cable/7") == 0);
  it.run();
  CHECK(it.broker.answer("a") == 0);
  CHECK(it.served.statistics().connections == 0);
  CHECK(it.served.statistics().subscriptions == 0);
  CHECK(it.served.statistics().streams == 1);
}

TEST_CASE("a subscription is confirmed when all its streams are live", "[cable][R-STREAM]") {
  late_world it;
  auto ann = it.welcomed();
  auto bob = it.welcomed();
  const auto first = ann.subscribe({{"channel", "Names"}, {"names", {"a", "b"}}});
  const auto second = bob.subscribe({{"channel", "Names"}, {"names", {"a"}}});
  it.run();
  REQUIRE(it.broker.answer("a") == 1);
  bob.expect_confirmed(second);
  ann.expect_nothing();
  REQUIRE(it.broker.answer("b") == 1);
  ann.expect_confirmed(first);
  it.served.broadcast("a", 1);
  ann.expect_message(first, 1);
  bob.expect_message(second, 1);
}

TEST_CASE("a stream that the broker refuses rejects its subscription, and ends the others",
          "[cable][R-STREAM][R-REJECT]") {
  late_world it;
  auto ann = it.welcomed();
  const auto names = ann.subscribe({{"channel", "Names"}, {"names", {"a", "b"}}});
  it.run();
  REQUIRE(it.broker.answer("a") == 1);
  REQUIRE(it.broker.answer("b", broker_error) == 1);
  ann.expect_rejected(names);
  CHECK(it.faults.size() == 1);
  CHECK(it.broker.subscriptions("a") == 0);
  CHECK(it.served.statistics().subscriptions == 0);
  it.served.broadcast("a", 1);
  ann.expect_nothing();
  // The next attempt asks the broker again.
  ann.subscribe_as(names);
  it.run();
  REQUIRE(it.broker.answer("a") == 1);
  REQUIRE(it.broker.answer("b") == 1);
  ann.expect_confirmed(names);
}

TEST_CASE("a stream of an action that the broker refuses is reported, and may be made again",
          "[cable][R-STREAM]") {
  late_world it;
  auto ann = it.welcomed();
  const auto names = ann.subscribe({{"channel", "Names"}, {"names", cable::json::array()}});
  ann.expect_confirmed(names);
  ann.perform(names, "follow", {{"name", "a"}});
  it.run();
  REQUIRE(it.broker.answer("a", broker_error) == 1);
  ann.expect_nothing();
  REQUIRE(it.faults.size() == 1);
  CHECK(it.faults[0].find(broker_error.message()) != std::string::npos);
  ann.perform(names, "follow", {{"name", "a"}});
  it.run();
  REQUIRE(it.broker.answer("a") == 1);
  it.served.broadcast("a", 1);
  ann.expect_message(names, 1);
}

TEST_CASE("a subscription that ends before the broker answers is not confirmed",
          "[cable][R-STREAM]") {
  late_world it;
  auto ann = it.welcomed();
  const auto names = ann.subscribe({{"channel", "Names"}, {"names", {"a"}}});
  ann.unsubscribe(names);
  ann.expect_nothing();
  CHECK(it.broker.answer("a") == 0);
  ann.subscribe_as(names);
  ann.expect_nothing();
  REQUIRE(it.broker.answer("a") == 1);
  ann.expect_confirmed(names);
  ann.expect_nothing();
}
