// SPDX-License-Identifier: BSL-1.0

// The objects of Action Cable are destroyed in any order.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "hawser/asio/server.hpp"
#include "hawser/cable.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "lifetimes/order.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// What a client waits for when the objects are destroyed.
enum class cable_wait { nothing, welcome, action, offloaded, broadcast };

asio::awaitable<void> wait_an_hour() {
  asio::steady_timer timer{co_await asio::this_coro::executor, std::chrono::hours{1}};
  co_await timer.async_wait(asio::use_awaitable);
}

class mortal_room : public cable::channel {
 public:
  static void define(cable::channel_definition<mortal_room>& it) {
    it.on("echo", [](mortal_room& of, const cable::json& data) { of.transmit(data); });
    it.on("wait", [](mortal_room&) { return wait_an_hour(); });
    it.on("work", &mortal_room::work);
    it.periodically(std::chrono::hours{1}, [](mortal_room&) {});
  }
  void subscribed() {
    stream_from("room");
    stream_from("other", [](const cable::json&) { return wait_an_hour(); });
  }
  void unsubscribed() { broadcast("room", "gone"); }

 private:
  asio::awaitable<void> work() {
    co_await offload([] {});
  }
};

/// A server of Action Cable. Its broker lives until it is destroyed, as is required.
std::shared_ptr<cable::server> mortal_cable(const std::shared_ptr<memory_broker>& broker,
                                            cable_wait what) {
  std::shared_ptr<cable::server> made{new cable::server{*broker},
                                      [broker](cable::server* one) { delete one; }};
  made->identified_by({"user"});
  made->on_connect([what](cable::connection& one) -> asio::awaitable<void> {
    one.identify("user", 7);
    if (what == cable_wait::welcome) co_await wait_an_hour();
  });
  made->on_disconnect([](cable::connection&) {});
  made->add_channel<mortal_room>("Room");
  return made;
}

/// Lets the client begin to wait.
template <class Run>
void begin_to_wait(const cable::server& served, const cable::subscription& room, cable_wait what,
                   Run run) {
  if (what == cable_wait::action) room.perform("wait");
  if (what == cable_wait::offloaded) room.perform("work");
  if (what == cable_wait::broadcast) served.broadcast("other", 1);
  room.async_wait([room](std::error_code) {});
  const bool performs = what == cable_wait::action || what == cable_wait::offloaded;
  while (performs && served.statistics().commands < 2) run();
  for (int i = 0; i < 20; ++i) run();
  // Commands and messages that nothing has received yet.
  for (int i = 0; i < 3; ++i) {
    room.perform("echo");
    served.broadcast("room", i);
  }
}

things cable_scene(cable_wait what, bool has_server_context) {
  things all;
  const auto context = all.make<asio::io_context>(1);
  const auto broker = std::make_shared<memory_broker>();
  const auto served = all.add(mortal_cable(broker, what));
  const auto http = all.make<server>(*context, server_options{});
  served->mount(http->route("/cable"));
  http->start();
  auto client_context = context;
  if (has_server_context) client_context = all.make<asio::io_context>(1);
  const auto is_connected = std::make_shared<bool>(false);
  const auto one = all.make<cable::consumer>(
      *client_context, cable::consumer_options{.client = {.url = url_at(http->port(), "/cable")}});
  auto room = one->subscribe("Room");
  room.async_connected([is_connected](std::error_code) { *is_connected = true; });
  one->connect();
  const bool waits_for_welcome = what == cable_wait::welcome;
  const auto run = [&] {
    context->poll_one();
    client_context->poll_one();
  };
  while (waits_for_welcome ? served->statistics().connections == 0 : !*is_connected) run();
  if (!waits_for_welcome) begin_to_wait(*served, room, what, run);
  all.make<cable::subscription>(std::move(room));
  return all;
}

std::vector<named_scene> cable_scenes(bool has_server_context) {
  const auto scene = [=](const char* name, cable_wait what) {
    return named_scene{name, [=] { return cable_scene(what, has_server_context); }};
  };
  return {scene("a client that is connected", cable_wait::nothing),
          scene("a client that waits for its welcome", cable_wait::welcome),
          scene("a client whose action waits", cable_wait::action),
          scene("a client whose action has work on the pool", cable_wait::offloaded),
          scene("a client whose callback of a stream waits", cable_wait::broadcast)};
}

TEST_CASE("a cable server, its server, its context and a consumer may be destroyed in any order",
          "[cable]") {
  destroy_in_each_order(cable_scenes(false), sanitized ? 7 : 1);
}

TEST_CASE("a cable server and a consumer with a context of its own may be destroyed in any order",
          "[cable]") {
  // Of 720 orders, every seventh.
  destroy_in_each_order({cable_scenes(true).at(2)}, 7);
}

TEST_CASE("what Action Cable made on a thread may be destroyed after its end, or last", "[cable]") {
  destroy_with_threads(cable_scenes(false));
}

std::vector<things> cable_destroyed_late;

TEST_CASE("a static cable server may be destroyed after the objects of the library", "[cable]") {
  for (const auto& one : cable_scenes(false)) cable_destroyed_late.push_back(one.make());
}

TEST_CASE("a static cable server may be destroyed before the objects of the library", "[cable]") {
  for (const auto& one : cable_scenes(false)) one.make();
  static std::vector<things> destroyed_early;
  for (const auto& one : cable_scenes(false)) destroyed_early.push_back(one.make());
}

}  // namespace
