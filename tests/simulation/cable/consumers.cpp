// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <any>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable/consumer.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing.hpp"
#include "simulation/cable/wall_clock.hpp"
#include "simulation/network.hpp"
#include "support/catch.hpp"
#include "support/lossy_network.hpp"
#include "support/sanitized.hpp"

using namespace std::chrono_literals;

namespace hawser::test::cable_simulation {

using cable::json;

constexpr std::size_t kept_messages = 30;
constexpr std::array<const char*, 2> rooms{"a", "b"};

/// What must happen in some of the runs.
struct census {
  std::map<std::string, std::size_t> counts{{"connected again without a gap", 0},
                                            {"connected again with a gap", 0},
                                            {"subscriptions restored", 0},
                                            {"missed messages received", 0},
                                            {"process restarted", 0},
                                            {"asked to reconnect", 0},
                                            {"all connections lost", 0},
                                            {"one connection lost", 0},
                                            {"subscribed again", 0},
                                            {"calls performed", 0},
                                            {"server not reachable", 0},
                                            {"consumer disconnected", 0}};
};

struct room_channel : cable::channel {
  static void define(cable::channel_definition<room_channel>& it) {
    it.on("say", [](room_channel&, const json& what) { say(what.at("room").get<std::size_t>()); });
  }
  static inline std::function<void(std::size_t)> say;
  static inline std::size_t restored = 0;

  void subscribed() {
    if (!connection().data().has_value()) ++restored;
    const auto names = params().at("rooms").get<std::string>();
    for (const char name : names) {
      stream_from(std::string{"room_"} + name,
                  {.history = cable::history_options{.max_messages = kept_messages}});
    }
  }
};

/// One subscription of one consumer, and what it must have received.
struct member {
  struct stream {
    std::size_t last = 0;   // the number of the last message
    std::size_t floor = 0;  // the messages up to it need not be received
    std::size_t state = 0;  // what the application knows
    bool has_hole = false;  // since the connection was lost
    bool has_position = false;
  };
  std::string rooms;
  std::map<char, stream> streams;
  cable::subscription handle;
  bool is_connected = false;
  bool was_connected = false;

  // When the connection was lost, to know whether the history must cover it.
  std::size_t process = 0;
  testing::world::time_point connected_at{};
  testing::world::time_point held_at = (testing::world::time_point::max)();
  testing::world::time_point lost_at{};
  std::map<char, std::size_t> last_at_loss;
};

class run {
 public:
  run(std::uint64_t seed, census& seen) : random_{seed}, seen_{seen} {
    wall_clock::now = wall_clock::start;
    room_channel::restored = 0;
    room_channel::say = [this](std::size_t room) { publish(room); };
    extended_server_ = !random_.once_in(10);
    start_process();
    const auto consumers = 2 + random_.below(3);
    for (std::size_t i = 0; i < consumers; ++i) add_consumer();
  }

  /// The error, or an empty string.
  std::string operator()() {
    const auto steps = 20 + random_.below(60);
    for (std::size_t i = 0; i < steps && error_.empty(); ++i) step();
    if (error_.empty()) settle();
    seen_.counts["subscriptions restored"] += room_channel::restored;
    return error_;
  }

 private:
  struct one_consumer {
    bool is_extended = true;
    bool is_started = true;
    std::optional<cable::consumer> consumer;
    std::vector<std::shared_ptr<member>> members;
  };

  struct process {
    explicit process(run& its)
        : served{its.broker_, its.server_options()},
          http{its.world_.context(), {.listener = first_listener::none}} {
      served.add_channel<room_channel>("RoomChannel");
      // It is not called for a restored session.
      served.on_connect([](cable::connection& one) { one.data() = true; });
      served.mount(http.route("/cable"));
      its.world_.serve(http);
      its.network_.attach();
    }
    cable::server served;
    hawser::server http;
  };

  cable::server_options server_options() const {
    cable::server_options made;
    made.extended.enabled = extended_server_;
    made.extended.pong_timeout = 2s;
    return made;
  }

  void start_process() {
    process_.emplace(*this);
    ++process_number_;
  }

  void add_consumer() {
    auto& made = *consumers_.emplace_back(std::make_unique<one_consumer>());
    made.is_extended = !random_.once_in(6);
    cable::consumer_options options{.client = {.url = "http://localhost/cable"},
                                    .extended = made.is_extended};
    options.client.wait = [this](unsigned, std::error_code) {
      return std::chrono::milliseconds{random_.below(4'000)};
    };
    options.client.retry = [](std::error_code, const std::optional<response>&) { return true; };
    made.consumer.emplace(world_.context(), std::move(options));
    for (const auto* const names : {"a", "b", "ab"}) {
      if (!random_.once_in(3)) subscribe(made, names);
    }
    made.consumer->connect();
  }

  void subscribe(one_consumer& of, const std::string& names) {
    const auto made = std::make_shared<member>();
    made->rooms = names;
    for (const char name : names) made->streams[name];
    made->handle = of.consumer->subscribe(
        {{"channel", "RoomChannel"}, {"rooms", names}},
        {.on_connected = [this, made,
                          &of](const cable::connected_info& how) { connected(of, *made, how); },
         .on_disconnected = [this, made](const cable::disconnected_info&) { lost(*made); },
         .on_rejected = [this](std::error_code) { fail("a subscription was rejected"); },
         .on_received = [this, made](const json& got) { received(*made, got); }});
    of.members.push_back(made);
  }

  void fail(const std::string& what) {
    if (error_.empty()) error_ = what;
  }

  void connected(const one_consumer& of, member& one, const cable::connected_info& how) {
    if (how.reconnected != one.was_connected) fail("wrong: reconnected");
    if (how.gap && !how.reconnected) fail("a gap before the first connection");
    if (how.reconnected)
      ++seen_.counts[how.gap ? "connected again with a gap" : "connected again without a gap"];
    if (how.gap && of.is_extended && must_be_complete(one)) fail("a gap that the history covers");
    for (auto& [name, stream] : one.streams) {
      if (how.gap || !one.was_connected) {
        // The application loads the state anew.
        stream.floor = stream.state = published_[name];
      } else if (stream.has_hole) {
        fail("a message was missed without a gap");
      }
      stream.has_hole = false;
      if (how.gap) stream.has_position = false;
    }
    one.is_connected = one.was_connected = true;
    one.connected_at = world_.now();
    one.held_at = (testing::world::time_point::max)();
    one.process = process_number_;
  }

  bool must_be_complete(const member& one) const {
    if (!extended_server_ || one.process != process_number_) return false;
    // It has got a ping, so that it knows a time.
    if ((std::min)(one.lost_at, one.held_at) - one.connected_at < 4s) return false;
    if (world_.now() - one.lost_at > 200s) return false;
    return std::ranges::all_of(one.last_at_loss, [&](const auto& each) {
      const auto [name, last] = each;
      return last != 0 && published_.at(name) - last <= kept_messages;
    });
  }

  void lost(member& one) {
    if (!std::exchange(one.is_connected, false)) return;
    one.lost_at = world_.now();
    for (const auto& [name, stream] : one.streams) {
      one.last_at_loss[name] = stream.has_position ? stream.last : 0;
    }
  }

  void received(member& one, const json& got) {
    auto& stream = one.streams.at(got.at("room").get<std::string>().front());
    const auto number = got.at("n").get<std::size_t>();
    if (number <= stream.last) fail("a message was received twice, or out of order");
    const bool is_hole = number > stream.last + 1 && number > stream.floor + 1;
    if (is_hole && !may_be_incomplete(one, stream)) {
      if (one.is_connected) fail("a message was lost on a connection");
      stream.has_hole = true;
    }
    if (!one.is_connected) ++seen_.counts["missed messages received"];
    stream.last = number;
    stream.has_position = true;
    stream.state = (std::max)(stream.state, number);
  }

  /// Of a stream that has sent nothing since a gap, the server sends what it has kept.
  static bool may_be_incomplete(const member& one, const member::stream& stream) {
    return !one.is_connected && !stream.has_position;
  }

  void publish(std::size_t room) {
    const char name = *rooms[room];
    const auto number = ++published_[name];
    process_->served.broadcast(std::string{"room_"} + name,
                               json{{"room", std::string{name}}, {"n", number}});
  }

  void pass(std::chrono::milliseconds time) {
    constexpr auto slice = 200ms;
    for (auto left = time; left > 0ms && error_.empty(); left -= slice) {
      wall_clock::now += slice;
      world_.advance(slice);
    }
  }

  one_consumer& any_consumer() { return *consumers_[random_.below(consumers_.size())]; }

  void step() {
    switch (random_.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3: return publish_some(1 + random_.below(6));
      case 4: return publish_some(random_.below(2 * kept_messages));
      case 5:
      case 6:
      case 7: return pass(random_.time_below(9'000));
      case 8: return hold();
      case 9: return lose_all();
      case 10:
        if (network_.size() != 0 && network_.lose(random_.below(network_.size()))) {
          ++seen_.counts["one connection lost"];
        }
        return maybe_run();
      case 11: return restart();
      case 12: return subscribe_again();
      case 13: return perform();
      case 14: return set_reachable();
      default: return start_or_stop();
    }
  }

  void maybe_run() {
    if (random_.once_in(2)) world_.run();
  }

  void publish_some(std::size_t number) {
    for (std::size_t i = 0; i < number; ++i) {
      publish(random_.below(rooms.size()));
      if (random_.once_in(4)) world_.run();
    }
    maybe_run();
  }

  void hold() {
    network_.hold();
    for (const auto& of : consumers_) {
      for (const auto& one : of->members) one->held_at = (std::min)(one->held_at, world_.now());
    }
  }

  void lose_all() {
    ++seen_.counts["all connections lost"];
    network_.lose_all();
    maybe_run();
  }

  void restart() {
    if (random_.once_in(2)) {
      ++seen_.counts["asked to reconnect"];
      process_->served.restart();
      return maybe_run();
    }
    if (!random_.once_in(3)) return;
    ++seen_.counts["process restarted"];
    network_.lose_all();
    process_.reset();
    world_.run();
    start_process();
  }

  void subscribe_again() {
    auto& of = any_consumer();
    if (of.members.empty()) return subscribe(of, "a");
    const auto at =
        of.members.begin() + static_cast<std::ptrdiff_t>(random_.below(of.members.size()));
    const auto names = (*at)->rooms;
    (*at)->handle.unsubscribe();
    of.members.erase(at);
    maybe_run();
    ++seen_.counts["subscribed again"];
    subscribe(of, names);
  }

  void perform() {
    auto& of = any_consumer();
    if (of.members.empty()) return;
    ++seen_.counts["calls performed"];
    of.members.front()->handle.perform("say", {{"room", random_.below(rooms.size())}});
    maybe_run();
  }

  void set_reachable() {
    const bool is_reachable = random_.once_in(2);
    world_.set_reachability(is_reachable ? testing::reachability::open
                                         : testing::reachability::refused);
    if (!is_reachable) ++seen_.counts["server not reachable"];
  }

  void start_or_stop() {
    auto& of = any_consumer();
    if (!random_.once_in(of.is_started ? 3 : 1)) return;
    of.is_started = !of.is_started;
    if (!of.is_started) ++seen_.counts["consumer disconnected"];
    of.is_started ? of.consumer->connect() : of.consumer->disconnect();
    maybe_run();
  }

  /// Without further faults, all consumers come to the same state.
  void settle() {
    world_.set_reachability(testing::reachability::open);
    network_.lose_all();
    for (const auto& of : consumers_) of->consumer->connect();
    pass(60s);
    for (std::size_t i = 0; i < rooms.size(); ++i) publish(i);
    pass(1s);
    for (const auto& of : consumers_) {
      for (const auto& one : of->members) {
        if (!one->handle.is_connected()) fail("a subscription was lost");
        for (const auto& [name, stream] : one->streams) {
          if (stream.state != published_[name] || stream.last != published_[name]) {
            fail("a consumer has another state");
          }
        }
      }
    }
  }

  chance random_;
  census& seen_;
  std::string error_;
  bool extended_server_ = true;
  std::map<char, std::size_t> published_{{'a', 0}, {'b', 0}};
  std::size_t process_number_ = 0;

  testing::world world_;
  lossy_network network_{world_};
  memory_broker broker_;
  std::optional<process> process_;
  std::vector<std::unique_ptr<one_consumer>> consumers_;
};

std::size_t number_from(const char* variable, std::size_t otherwise) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST_CASE("consumers and a cable server come to the same state through all losses",
          "[simulation][cable][R-CLIENT][R-EXT]") {
  const auto only = number_from("HAWSER_SIMULATION_SEED", 0);
  // One conversation takes as long as 40 of the other simulations.
  const auto asked = number_from("HAWSER_SIMULATION_SEEDS", 0);
  const auto seeds = asked == 0 ? (sanitized ? 25 : 100) : (asked + 39) / 40;
  census seen;
  for (auto seed = only == 0 ? 1 : only; seed <= (only == 0 ? seeds : only); ++seed) {
    const auto error = run{seed, seen}();
    if (error.empty()) continue;
    FAIL("seed " << seed << ": " << error << "\nAgain: HAWSER_SIMULATION_SEED=" << seed
                 << " simulation_tests 'consumers and a cable server*'");
  }
  for (const auto& [what, count] : seen.counts) {
    std::cout << "  " << count << ' ' << what << '\n';
    INFO("never: " << what);
    if (only == 0 && seeds >= 25) CHECK(count != 0);
  }
}

}  // namespace hawser::test::cable_simulation
