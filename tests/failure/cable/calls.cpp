// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/execution_context.hpp>
#include <asio/ip/address_v4.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/server.hpp"
#include "hawser/cable.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

class called_room : public cable::channel {
 public:
  static void define(cable::channel_definition<called_room>& it) {
    it.on("echo", [](called_room& of, const cable::json& data) { of.transmit(data); });
    it.on("speak", &called_room::speak);
  }
  void subscribed() { stream_from("room"); }
  void unsubscribed() { broadcast("room", "gone"); }

 private:
  asio::awaitable<void> speak() {
    broadcast("room", "said");
    co_return;
  }
};

const std::string called = R"({"channel":"Room"})";

/// A client whose stream fails at the server's end.
struct fallible_client {
  std::shared_ptr<testing::stream_state> state;
  std::shared_ptr<testing::stream_wire> wire;

  void sends(std::string_view bytes) { wire->write(as_bytes(bytes)); }
  void sends_command(const std::string& command) {
    wire->write(frame_from(role::client, opcode::text, command));
  }
  std::string takes() {
    std::vector<std::byte> all;
    wire->take(all, testing::wire::no_limit);
    return std::string{as_text(all)};
  }
};

/// A cable server in memory, whose calls of a client's stream may fail.
struct fallible_cable {
  const std::shared_ptr<testing::scheduler> runs = std::make_shared<testing::scheduler>();
  testing::network& net = asio::use_service<testing::network>(runs->context());
  memory_broker broker;
  cable::server served{broker, {.ping_interval = std::chrono::seconds{0}}};
  server http{runs->context(), {.listener = first_listener::none}};
  std::size_t connects = 0;
  std::size_t disconnects = 0;

  fallible_cable() {
    served.on_connect([this](cable::connection&) { ++connects; });
    served.on_disconnect([this](cable::connection&) { ++disconnects; });
    served.add_channel<called_room>("Room");
    served.mount(http.route("/"));
    http.listen(testing::memory_endpoint{&net, {asio::ip::address_v4::loopback(), 80}});
    http.start();
    runs->run();
  }
  ~fallible_cable() { net.abandon(); }
  fallible_cable(const fallible_cable&) = delete;
  fallible_cable& operator=(const fallible_cable&) = delete;

  fallible_client connect(const testing::stream_faults& faults = {}) {
    auto state = net.make_stream();
    state->ends[0].faults = faults;
    net.find_acceptor()->accept(state, 0);
    auto wire = std::make_shared<testing::stream_wire>(state, runs);
    fallible_client made{std::move(state), std::move(wire)};
    made.sends(upgrade_request);
    runs->run();
    return made;
  }

  /// Returns the number of the calls of the stream.
  std::size_t converse(fallible_client& one) {
    const std::vector<std::string> commands{
        cable::subscribe_command(called), cable::message_command(called, {{"action", "echo"}}),
        cable::message_command(called, {{"action", "speak"}}), cable::unsubscribe_command(called),
        cable::subscribe_command(called)};
    for (const auto& each : commands) {
      one.sends_command(each);
      runs->run();
    }
    served.broadcast("room", "outside");
    runs->run();
    one.wire->write(close_from(role::client, 1000));
    runs->run();
    one.wire->end();
    runs->run();
    return one.state->ends[0].calls;
  }
};

TEST_CASE("whichever call of a cable client's stream fails, other clients are not affected",
          "[failure][cable]") {
  const std::error_code why =
      GENERATE(make_error_code(std::errc::io_error), make_error_code(std::errc::connection_reset));
  fallible_cable all;
  auto ann = all.connect();
  ann.sends_command(cable::subscribe_command(called));
  all.runs->run();
  REQUIRE(ann.takes().find("confirm_subscription") != std::string::npos);
  std::size_t number = 0;
  bool has_failed = true;
  while (has_failed) {
    INFO("call " << ++number);
    {
      auto bob = all.connect({.failing_call = number, .error = why});
      has_failed = all.converse(bob) >= number;
      const bool is_closed = bob.takes().find("\x88\x02\x03\xE8") != std::string::npos;
      CHECK((has_failed || is_closed));
    }
    all.runs->run();
    CHECK(all.connects == all.disconnects + 1);
    CHECK(all.http.connections() == 1);
    const auto now = all.served.statistics();
    CHECK(now.connections == 1);
    CHECK(now.subscriptions == 1);
    CHECK(now.streams == 2);
    ann.takes();
    const auto word = "word " + std::to_string(number);
    CHECK_FALSE(all.served.broadcast("room", word));
    all.runs->run();
    CHECK(ann.takes().find(word) != std::string::npos);
  }
  CHECK(number > 10);
}

TEST_CASE("a client that is lost at any byte that it sends leaves nothing", "[failure][cable]") {
  fallible_cable all;
  std::string said{upgrade_request};
  for (const auto& each :
       {cable::subscribe_command(called), cable::message_command(called, {{"action", "speak"}}),
        cable::unsubscribe_command(called)}) {
    said += text(frame_from(role::client, opcode::text, each));
  }
  for (std::size_t size = 0; size <= said.size(); ++size) {
    INFO("byte " << size);
    {
      auto bob = all.connect();
      bob.sends(std::string_view{said}.substr(upgrade_request.size(), size));
      all.runs->run();
      if (size % 2 == 0) bob.wire->reset();
    }
    all.runs->run();
    CHECK(all.connects == all.disconnects);
    const auto now = all.served.statistics();
    CHECK(now.connections == 0);
    CHECK(now.subscriptions == 0);
    CHECK(now.streams == 1);
  }
}

}  // namespace
