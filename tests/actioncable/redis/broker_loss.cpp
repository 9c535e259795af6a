// SPDX-License-Identifier: BSL-1.0
// Clients of a cable server whose Redis is lost, and is there again.
#include <string>
#include <string_view>

#include "hawser/asio/server.hpp"
#include "hawser/cable.hpp"
#include "hawser/cable/test_client.hpp"
#include "hawser/redis/redis_broker.hpp"
#include "hawser/testing.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/redis_peer.hpp"

namespace {
namespace redis_lost {

namespace cable = hawser::cable;
using hawser::test::eventually;

struct room : cable::channel {
  void subscribed() { stream_from(params().at("stream").get<std::string>()); }
};

/// A cable server in memory, with a broker that has a thread.
struct redis_world : hawser::testing::world {
  using client = cable::test_client<hawser::testing::world>;

  redis_world() {
    served.add_channel<room>("Room");
    served.mount(http.route("/cable"));
    serve(http);
  }

  /// Whether the client gets this text next, which is due to the thread of the broker.
  static bool gets(client& one, std::string_view text) {
    std::string next;
    return eventually([&] {
             const auto got = one.peer().next();
             if (got) next = got->text();
             return got.has_value();
           }) &&
           next == text;
  }

  hawser::test::redis_peer peer;
  hawser::redis_broker broker{hawser::test::quick_options(peer)};
  cable::server served{broker};
  hawser::server http{context(), {.listener = hawser::first_listener::none}};
};

}  // namespace redis_lost

TEST_CASE("clients stay connected while Redis is lost, and get what comes afterwards",
          "[cable][redis][R-REDIS]") {
  using namespace redis_lost;
  redis_world it;
  redis_world::client ann{it};
  ann.expect_welcome();
  const auto a = ann.subscribe({{"channel", "Room"}, {"stream", "a"}});
  REQUIRE(it.gets(ann, cable::confirmation_message(a)));
  it.served.broadcast("a", 1);
  REQUIRE(it.gets(ann, cable::data_message(a, "1")));

  // There is a connection again, but no subscription on it.
  it.peer.ignore("SUBSCRIBE");
  it.peer.hang_up();
  REQUIRE(eventually([&] { return it.peer.count("SUBSCRIBE _action_cable_internal") == 2; }));
  const auto b = ann.subscribe({{"channel", "Room"}, {"stream", "b"}});
  redis_world::client bob{it};
  bob.expect_welcome();
  ann.expect_nothing();
  CHECK(it.broker.statistics().gaps == 0);
  CHECK(it.served.statistics().connections == 2);

  it.peer.answer("SUBSCRIBE", "");
  it.peer.hang_up();
  CHECK(it.gets(ann, cable::confirmation_message(b)));
  REQUIRE(eventually([&] { return it.broker.statistics().gaps == 1; }));
  it.served.broadcast("a", 3);
  CHECK(it.gets(ann, cable::data_message(a, "3")));
  it.served.broadcast("b", 4);
  CHECK(it.gets(ann, cable::data_message(b, "4")));
  CHECK(it.served.statistics().connections == 2);
}

}  // namespace
