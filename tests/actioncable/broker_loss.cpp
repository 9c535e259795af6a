// SPDX-License-Identifier: BSL-1.0
// A broker that loses its connection, and has it again.
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/asio/server.hpp"
#include "hawser/cable.hpp"
#include "hawser/cable/test_client.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/testing.hpp"
#include "support/catch.hpp"
#include "support/waiting_broker.hpp"

namespace {
namespace lossy {

namespace cable = hawser::cable;
using namespace std::chrono_literals;

const auto lost_error = std::make_error_code(std::errc::connection_reset);

/// A broker whose connection the test ends and makes again, with the promises of `hawser::broker`.
class lossy_broker : public hawser::test::waiting_broker {
  using base = hawser::test::waiting_broker;

 public:
  std::error_code publish(hawser::publication one) {
    return is_lost_ ? lost_error : base::publish(std::move(one));
  }
  std::error_code subscribe(const std::shared_ptr<hawser::subscriber>& to, std::string_view topic,
                            hawser::acknowledgement live) {
    subscribers_.push_back(to);
    if (!is_lost_) return base::inner().subscribe(to, topic, live);
    return base::subscribe(to, topic, std::move(live));
  }

  void lose() { is_lost_ = true; }

  /// First all subscriptions are live, then the gap is reported.
  void find() {
    is_lost_ = false;
    for (const auto& one : take()) base::inner().subscribe(one.to, one.topic, one.live);
    for (const auto& one : subscribers_) {
      if (const auto to = one.lock(); to && to->on_gap) to->on_gap();
    }
  }

 private:
  std::vector<std::weak_ptr<hawser::subscriber>> subscribers_;
  bool is_lost_ = false;
};

/// Keeps the messages of its stream.
struct kept_room : cable::channel {
  static void define(cable::channel_definition<kept_room>& it) {
    it.on("echo", [](kept_room& of, const cable::json& data) { of.transmit(data); });
  }
  void subscribed() {
    stream_from(params().at("stream").get<std::string>(), {.history = cable::history_options{}});
  }
};

cable::server_options extended() {
  cable::server_options options;
  options.extended.enabled = true;
  options.ping_interval = 0s;
  return options;
}

struct lossy_world : hawser::testing::world {
  using client = cable::test_client<hawser::testing::world>;

  lossy_world() {
    served.identified_by({"user"});
    served.on_connect([](cable::connection& one) {
      one.identify("user", std::string{one.request().query("user").value_or("")});
    });
    served.add_channel<kept_room>("Room");
    served.mount(http.route("/cable"));
    serve(http);
  }

  client welcomed(std::string_view subprotocol = "actioncable-v1-json") {
    client made{*this, "/cable", {{"Sec-WebSocket-Protocol", std::string{subprotocol}}}};
    made.expect_welcome();
    return made;
  }

  lossy_broker broker;
  cable::server served{broker, extended()};
  hawser::server http{context(), {.listener = hawser::first_listener::none}};
};

cable::json room_of(const std::string& stream) { return {{"channel", "Room"}, {"stream", stream}}; }

}  // namespace lossy

TEST_CASE("clients stay connected while the broker is lost, and get what comes afterwards",
          "[cable][R-REDIS]") {
  using namespace lossy;
  lossy_world it;
  auto ann = it.welcomed();
  const auto room = ann.subscribe(room_of("a"));
  ann.expect_confirmed(room);
  it.served.broadcast("a", 1);
  ann.expect_message(room, 1);

  it.broker.lose();
  CHECK(it.served.broadcast("a", 2) == lost_error);
  CHECK(it.served.disconnect({{"user", "7"}}) == lost_error);
  ann.expect_nothing();
  ann.perform(room, "echo");
  ann.expect_message(room);
  const auto other = ann.subscribe(room_of("b"));
  lossy_world::client bob{it, "/cable?user=7"};
  bob.expect_nothing();
  it.advance(9s);
  ann.expect_nothing();
  CHECK(it.served.statistics().connections == 2);

  it.broker.find();
  ann.expect_confirmed(other);
  bob.expect_welcome();
  it.served.broadcast("a", 3);
  ann.expect_message(room, 3);
  it.served.broadcast("b", 4);
  ann.expect_message(other, 4);
  it.served.disconnect({{"user", "7"}});
  bob.expect_disconnect("remote", true);
  ann.expect_nothing();
}

TEST_CASE("after the gap of a lost broker, clients are refused a history that may lack messages",
          "[cable][R-REDIS][R-EXT]") {
  using namespace lossy;
  lossy_world it;
  auto ann = it.welcomed("actioncable-v1-ext-json");
  const auto room = ann.subscribe(room_of("a"));
  ann.expect_confirmed(room);
  it.served.broadcast("a", 1);
  const auto first = cable::json::parse(ann.peer().expect_text());
  const auto asked = [&](const cable::json& after) {
    return cable::history_command(
        room,
        {{"streams", {{"a", {{"epoch", after.at("epoch")}, {"offset", after.at("offset")}}}}}});
  };
  ann.peer().sends_text(asked(first));
  ann.peer().expect_text(cable::history_confirmation_message(room));

  it.broker.lose();
  it.served.broadcast("a", 2);
  it.broker.find();
  ann.expect_nothing();
  ann.peer().sends_text(asked(first));
  ann.peer().expect_text(cable::history_rejection_message(room));
  it.served.broadcast("a", 3);
  const auto third = cable::json::parse(ann.peer().expect_text());
  CHECK(third.at("message") == 3);
  CHECK(third.at("epoch") != first.at("epoch"));
  ann.peer().sends_text(asked(third));
  ann.peer().expect_text(cable::history_confirmation_message(room));
}

}  // namespace
