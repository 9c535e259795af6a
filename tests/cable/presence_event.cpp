// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/presence_event.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable/consumer.hpp"
#include "hawser/cable/errc.hpp"
#include "support/catch.hpp"
#include "support/lossy_network.hpp"
#include "support/memory_cable.hpp"

using namespace hawser::cable;
using namespace std::chrono_literals;
using lines = std::vector<std::string>;

namespace {

TEST_CASE("a presence event is parsed", "[cable][R-CLIENT][R-EXT]") {
  const auto parsed = [](const char* text) { return parse_presence_event(json::parse(text)); };
  const auto joined = parsed(R"({"type":"join","id":"a","info":{"n":1}})");
  REQUIRE(joined);
  CHECK(joined->what == presence_change::joined);
  CHECK(joined->members == std::vector{presence_member{"a", {{"n", 1}}}});
  const auto left = parsed(R"({"type":"leave","id":"a"})");
  REQUIRE(left);
  CHECK(left->what == presence_change::left);
  CHECK(left->members == std::vector{presence_member{"a"}});
  const auto all =
      parsed(R"({"type":"info","total":2,"records":[{"id":"a"},{"id":"b","info":1}]})");
  REQUIRE(all);
  CHECK(all->what == presence_change::records);
  CHECK(all->members == std::vector{presence_member{"a"}, presence_member{"b", 1}});
  CHECK(all->total == 2);
  CHECK(parsed(R"({"type":"info","total":7})")->total == 7);
  CHECK(parsed(R"({"type":"error"})")->what == presence_change::refused);
  for (const auto* const text :
       {"null", "[]", "{}", R"({"type":"x"})", R"({"type":"join"})", R"({"type":"join","id":1})",
        R"({"type":"info","records":[1]})", R"({"type":"info","records":{"a":{}}})"}) {
    CAPTURE(text);
    CHECK_FALSE(parsed(text));
  }
}

struct present_channel : channel {
  static void define(channel_definition<present_channel>&) {}
  void subscribed() { stream_from("room", {.whisper = true, .presence = true}); }
};

/// A cable server, and the consumers of ann and bob.
struct present_world : hawser::test::memory_cable {
  explicit present_world(bool is_extended = true) : memory_cable{with(is_extended)} {
    served.add_channel<present_channel>("RoomChannel");
    mount();
    network.attach();
    ann.emplace(context(), options());
    bob.emplace(context(), options());
    ann_room = ann->subscribe("RoomChannel", telling("ann"));
    bob_room = bob->subscribe("RoomChannel", telling("bob"));
    ann->connect();
    bob->connect();
    advance(4s);
  }

  static hawser::cable::server_options with(bool is_extended) {
    hawser::cable::server_options made;
    made.extended.enabled = is_extended;
    made.extended.pong_timeout = 2s;
    return made;
  }

  static consumer_options options() { return {.client = {.url = "http://localhost/cable"}}; }

  subscription_handlers telling(const std::string& name) {
    return {
        .on_received = [=, this](const json& got) { story.push_back(name + ' ' + to_text(got)); },
        .on_presence =
            [=, this](const presence_event& event) {
              constexpr const char* words[]{" sees ", " misses ", " has ", " is refused"};
              std::string text = name + words[static_cast<int>(event.what)];
              for (const auto& one : event.members) {
                text += one.id + (one.info.is_null() ? "" : to_text(one.info)) + ' ';
              }
              if (event.what == presence_change::records) text += std::to_string(event.total);
              story.push_back(text);
            }};
  }

  lines take_story() {
    run();
    // Those of ann first: the order of the sessions is not specified.
    std::ranges::stable_sort(story, {}, [](const auto& line) { return line.substr(0, 3); });
    return std::exchange(story, {});
  }

  hawser::test::lossy_network network{*this};
  lines story;
  std::optional<consumer> ann;
  std::optional<consumer> bob;
  subscription ann_room;
  subscription bob_room;
};

TEST_CASE("a subscription whispers to the others", "[cable][R-CLIENT][R-EXT]") {
  present_world its;
  CHECK_FALSE(its.ann_room.whisper({{"typing", true}}));
  CHECK(its.take_story() == lines{R"(bob {"typing":true})"});
  SECTION("while it is connected") {
    its.network.lose_all();
    its.run();
    CHECK(its.ann_room.whisper(1) == hawser::cable::errc::not_connected);
    CHECK(its.ann_room.request_presence() == hawser::cable::errc::not_connected);
    its.ann_room.unsubscribe();
    CHECK(its.ann_room.whisper(1) == hawser::cable::errc::unsubscribed);
    CHECK(its.ann_room.join("a") == hawser::cable::errc::unsubscribed);
    its.ann_room.leave();
    its.ann.reset();
    CHECK(its.ann_room.whisper(1) == hawser::cable::errc::unsubscribed);
    CHECK(its.ann_room.join("a") == hawser::cable::errc::unsubscribed);
    CHECK(its.ann_room.request_presence() == hawser::cable::errc::unsubscribed);
  }
}

TEST_CASE("subscriptions join and leave with an id, and see each other",
          "[cable][R-CLIENT][R-EXT]") {
  present_world its;
  CHECK_FALSE(its.ann_room.join("ann", {{"mood", "good"}}));
  CHECK(its.take_story() ==
        lines{R"(ann sees ann{"mood":"good"} )", R"(bob sees ann{"mood":"good"} )"});
  CHECK_FALSE(its.bob_room.join("bob"));
  CHECK(its.take_story() == lines{"ann sees bob ", "bob sees bob "});
  CHECK_FALSE(its.bob_room.request_presence());
  CHECK(its.take_story() == lines{R"(bob has ann{"mood":"good"} bob 2)"});
  CHECK_FALSE(its.bob_room.request_presence(presence_request::total));
  CHECK(its.take_story() == lines{"bob has 2"});
  SECTION("another id leaves before") {
    CHECK_FALSE(its.ann_room.join("anna"));
    CHECK(its.take_story() ==
          lines{"ann misses ann ", "ann sees anna ", "bob misses ann ", "bob sees anna "});
  }
  SECTION("until leave()") {
    its.ann_room.leave();
    CHECK(its.take_story() == lines{"ann misses ann ", "bob misses ann "});
    its.ann_room.leave();
    CHECK(its.take_story().empty());
  }
  SECTION("until unsubscribe()") {
    its.ann_room.unsubscribe();
    CHECK(its.take_story() == lines{"bob misses ann "});
  }
  SECTION("until the subscription that has joined ends") {
    const auto twin = its.ann->subscribe("RoomChannel", its.telling("twin"));
    CHECK_FALSE(twin.join("ann"));
    CHECK(its.take_story().empty());
    twin.unsubscribe();
    CHECK(its.take_story() == lines{"ann misses ann ", "bob misses ann "});
  }
  SECTION("through a lost connection, of which the others see nothing") {
    its.network.lose_all();
    its.advance(14s);
    CHECK(its.take_story().empty());
    its.advance(60s);
    CHECK(its.take_story().empty());
    CHECK_FALSE(its.bob_room.request_presence());
    CHECK(its.take_story() == lines{R"(bob has ann{"mood":"good"} bob 2)"});
  }
  SECTION("until it leaves without a connection") {
    its.network.lose_all();
    its.run();
    its.ann_room.leave();
    its.advance(60s);
    CHECK_FALSE(its.bob_room.request_presence());
    its.run();
    REQUIRE_FALSE(its.story.empty());
    CHECK(its.story.back() == "bob has bob 1");
  }
  SECTION("again after the session was forgotten") {
    its.ann->disconnect();
    its.advance(60s);
    CHECK(its.take_story() == lines{"bob misses ann "});
    its.ann->connect();
    CHECK(its.take_story() ==
          lines{R"(ann sees ann{"mood":"good"} )", R"(bob sees ann{"mood":"good"} )"});
  }
}

TEST_CASE("an id may join before the connection", "[cable][R-CLIENT][R-EXT]") {
  present_world its;
  consumer eve{its.context(), its.options()};
  const auto room = eve.subscribe("RoomChannel");
  CHECK_FALSE(room.join("eve"));
  eve.connect();
  CHECK(its.take_story() == lines{"ann sees eve ", "bob sees eve "});
}

TEST_CASE("without the extended protocol nothing whispers and joins", "[cable][R-CLIENT][R-SUB]") {
  present_world its{false};
  CHECK(its.ann_room.is_connected());
  CHECK(its.ann_room.whisper(1) == hawser::cable::errc::not_supported);
  CHECK(its.ann_room.join("a") == hawser::cable::errc::not_supported);
  CHECK(its.ann_room.request_presence() == hawser::cable::errc::not_supported);
  its.ann_room.leave();
  CHECK(its.take_story().empty());
}

TEST_CASE("a consumer answers pings, so that the server does not close it",
          "[cable][R-CLIENT][R-EXT]") {
  present_world its;
  its.advance(60s);
  CHECK(its.ann_room.is_connected());
  CHECK_FALSE(its.ann_room.connection().reconnected);
  its.network.lose_all();
  its.advance(15s);
  CHECK(its.ann_room.connection().reconnected);
}

}  // namespace
