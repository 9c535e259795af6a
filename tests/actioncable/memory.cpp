// SPDX-License-Identifier: BSL-1.0
// The memory of clients that come and go, and of broadcasts to many subscribers.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/cable.hpp"
#include "hawser/testing/peer.hpp"
#include "support/catch.hpp"
#include "support/full_size.hpp"
#include "support/heap.hpp"
#include "support/memory_cable.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {
namespace counted {

constexpr std::string_view subprotocol = "actioncable-v1-json";

class room : public cable::channel {
 public:
  void subscribed() {
    stream_from("room");
    stream_from("called", [this](const cable::json& message) { transmit(message); });
    if (params().contains("closed")) reject();
  }
};

std::string room_named(std::string_view name, bool is_closed = false) {
  cable::json made{{"channel", "Room"}, {"name", name}};
  if (is_closed) made["closed"] = true;
  return cable::to_text(made);
}

struct rooms : memory_cable {
  explicit rooms(const cable::server_options& options = {}) : memory_cable{options} {
    served.identified_by({"user"});
    served.on_connect([](cable::connection& one) {
      const auto user = one.request().query("user");
      if (!user) one.reject_unauthorized();
      one.identify("user", *user);
    });
    served.on_error([](cable::connection&, const cable::fault&) {});
    served.add_channel<room>("Room");
    mount();
  }

  testing::peer welcomed(const std::string& user) {
    auto made = connect(std::string{subprotocol}, "?user=" + user);
    made.expect_text(cable::welcome_message());
    return made;
  }

  testing::peer subscriber(const std::string& identifier) {
    auto made = welcomed("7");
    made.sends_text(cable::subscribe_command(identifier));
    made.expect_text(cable::confirmation_message(identifier));
    return made;
  }

  /// A client comes and goes, in one of six ways.
  void visit(std::size_t number) {
    const auto user = std::to_string(number % 10);
    const auto open = room_named("open");
    switch (number % 6) {
      case 0: {  // refused
        auto one = connect(std::string{subprotocol});
        one.expect_text(cable::disconnect_message("unauthorized", false));
        one.expect_close(close_code::normal);
        return one.sends_close();
      }
      case 1: {  // subscribed, closed by the client
        auto one = subscriber(open);
        one.sends_close();
        one.expect_close(close_code::normal);
        return;
      }
      case 2: return subscriber(open).resets_stream();
      case 3: return subscriber(open).ends_stream();
      case 4: {  // rejected, and gone without a Close frame
        auto one = welcomed(user);
        const auto closed = room_named("closed", true);
        one.sends_text(cable::subscribe_command(closed));
        one.expect_text(cable::rejection_message(closed));
        return one.resets_stream();
      }
      default: {  // ended by the server, with messages on the way
        auto one = welcomed(user);
        one.sends_text(cable::subscribe_command(open));
        one.sends_text(cable::unsubscribe_command(open));
        served.broadcast("room", number);
        served.disconnect({{"user", user}});
        run();
        return one.sends_close();
      }
    }
  }
};

/// What a broadcast to clients that do not read costs.
struct cost {
  std::size_t held;   ///< While it waits for all of them
  std::size_t total;  ///< Of all allocations
};

constexpr std::size_t payload = 256 * 1024;

cost cost_of_broadcast(std::size_t subscribers, std::size_t identifiers) {
  rooms it;
  std::vector<testing::peer> peers;
  for (std::size_t i = 0; i < subscribers; ++i) {
    peers.push_back(it.subscriber(room_named(std::to_string(i % identifiers))));
    peers.back().stops_reading();
  }
  it.served.broadcast("room", "the first one makes tables grow");
  it.run();
  const std::string text = '"' + std::string(payload, 'x') + '"';
  const heap_meter meter;
  it.served.broadcast_text("room", text);
  it.run();
  return {meter.held(), meter.total()};
}

}  // namespace counted

TEST_CASE("clients that come and go leave no entries and no memory", "[cable][R-CONN]") {
  const auto visits = full_or(50'000, 1'200);
  counted::rooms it;
  std::vector<std::size_t> held;
  // The first third makes the tables as large as they become.
  for (const auto count : {std::size_t{600}, visits, visits}) {
    for (std::size_t i = 0; i < count; ++i) it.visit(i);
    it.run();
    const auto now = it.served.statistics();
    CHECK(now.connections == 0);
    CHECK(now.subscriptions == 0);
    CHECK(now.streams == 1);  // that of remote disconnects
    CHECK(it.broker.subscriptions() == 1);
    CHECK(it.http.connections() == 0);
    buffer_pool::clear();
    held.push_back(heap_meter::in_use());
  }
  CHECK(held[1] <= held[0] + 4096);
  CHECK(held[2] <= held[1] + 4096);
}

TEST_CASE("a broadcast is encoded once for each identifier, and all its subscribers share a frame",
          "[cable][R-FAST]") {
  using counted::payload;
  const auto lone = counted::cost_of_broadcast(1, 1);
  const auto shared = counted::cost_of_broadcast(40, 1);
  const auto four = counted::cost_of_broadcast(40, 4);
  // The frame.
  CHECK(lone.held / payload == 1);
  CHECK(shared.held / payload == 1);
  CHECK(four.held / payload == 4);
  // What is copied and encoded on the way does not grow with the subscribers, only with the frames.
  CHECK(shared.total < lone.total + payload / 2);
  const auto of_one_frame = (four.total - shared.total) / 3;
  CHECK(of_one_frame / payload >= 1);
  CHECK(of_one_frame / payload <= 3);
}

}  // namespace
