// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/stream_table.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <asio/io_context.hpp>

#include "hawser/asio/client.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "support/catch.hpp"

using namespace std::chrono_literals;
namespace cable = hawser::cable;

namespace {

struct news : cable::channel {
  void subscribed() { stream_from("news"); }
};

/// Notes in what order the messages of each publisher arrive.
struct reader {
  std::array<int, 4> last{-1, -1, -1, -1};
  int messages = 0;
  int inversions = 0;

  void note(const cable::json& message) {
    auto& before = last.at(message.at("by").get<std::size_t>());
    const int number = message.at("n").get<int>();
    if (number != before + 1) ++inversions;
    before = number;
    ++messages;
  }
};

constexpr int subscribers = 20;
constexpr int each = 500;  // of each of four publishers
const std::string identifier = R"({"channel":"News"})";

}  // namespace

TEST_CASE("bursts of four threads reach subscribers on four threads in each publisher's order",
          "[cable][R-ORDER]") {
  hawser::memory_broker broker;
  cable::server_options options;
  options.budget.hard = 0;
  cable::server served{broker, options};
  served.add_channel<news>("News");
  hawser::server http{{.threads = 4}};
  served.mount(http.route("/cable"));
  std::thread serving{[&] { http.run(); }};

  asio::io_context context;
  std::vector<reader> readers(subscribers);
  std::vector<std::unique_ptr<hawser::client>> clients;
  std::atomic<int> confirmed = 0;
  for (auto& one : readers) {
    clients.push_back(std::make_unique<hawser::client>(
        context,
        hawser::client_options{.url = "ws://127.0.0.1:" + std::to_string(http.port()) + "/cable"}));
    clients.back()->on_message([&](hawser::session& peer, hawser::message_view got) {
      const auto message = cable::parse_server_message(hawser::as_text(got.payload));
      if (message->type == cable::server_message_type::welcome) {
        peer.send(cable::subscribe_command(identifier));
      } else if (message->type == cable::server_message_type::confirm_subscription) {
        ++confirmed;
      } else if (message->type == cable::server_message_type::data) {
        one.note(message->message);
      }
    });
    clients.back()->start();
  }
  const auto latest = std::chrono::steady_clock::now() + 60s;
  const auto run_until = [&](const auto& is_done) {
    while (!is_done() && std::chrono::steady_clock::now() < latest) context.run_one_for(100ms);
    REQUIRE(is_done());
  };
  run_until([&] { return confirmed == subscribers; });

  std::vector<std::thread> publishers;
  for (int by = 0; by < 4; ++by) {
    publishers.emplace_back([&served, by] {
      for (int n = 0; n < each; ++n) served.broadcast("news", {{"by", by}, {"n", n}});
    });
  }
  run_until([&] {
    return std::ranges::all_of(readers, [](const auto& one) { return one.messages == 4 * each; });
  });
  for (auto& one : publishers) one.join();
  for (const auto& one : readers) CHECK(one.inversions == 0);
  clients.clear();
  http.shutdown();
  serving.join();
}
