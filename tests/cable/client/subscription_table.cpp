// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/client/subscription_table.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/cable/command.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::cable;
using namespace std::chrono_literals;
using cable::detail::notice;
using table_member = cable::detail::subscriber;
using cable::detail::subscription_table;

namespace {

/// A table, and a server that answers later, in order, and forgets its subscriptions with each connection.
struct table_and_server {
  subscription_table table{0, 1024};
  std::deque<std::string> commands;
  std::map<std::string, bool> subscribed;
  subscription_table::time_point now{};
  bool is_open = false;
  bool is_full = false;

  void open() {
    is_open = true;
    table.welcomed(
        [this](const std::string& text) -> std::error_code {
          if (is_full) return hawser::errc::send_budget_exceeded;
          commands.push_back(text);
          return {};
        },
        now);
  }

  void close() {
    is_open = is_full = false;
    commands.clear();
    subscribed.clear();
    table.closed({.will_reconnect = true, .cause = hawser::errc::closed});
  }

  void answer_one() {
    if (commands.empty()) return;
    const auto one = parse_command(commands.front()).parsed.value();
    commands.pop_front();
    if (one.type == command_type::unsubscribe) {
      subscribed.erase(one.identifier);
    } else if (one.type == command_type::subscribe) {
      subscribed[one.identifier] = true;
      table.confirmed(one.identifier, now);
    }
  }

  void settle() {
    is_full = false;
    for (int i = 0; i < 50; ++i) {
      while (!commands.empty()) answer_one();
      if (table.due() == (subscription_table::time_point::max)()) return;
      now = table.due();
      table.advance(now);
    }
    FAIL("it does not come to rest");
  }
};

TEST_CASE("after any sequence of subscribes and unsubscribes the server has what is subscribed",
          "[R-CLIENT]") {
  std::mt19937 random{20'261'129};
  const auto below = [&](unsigned limit) { return random() % limit; };
  for (int round = 0; round < 300; ++round) {
    table_and_server its;
    std::vector<std::shared_ptr<table_member>> members;
    for (int step = 0; step < 40; ++step) {
      its.now += 100ms * below(8);
      switch (below(9)) {
        case 0:
        case 1:
        case 2: {
          members.push_back(std::make_shared<table_member>(
              std::string(1, static_cast<char>('a' + below(3))), subscription_handlers{}));
          its.table.add(members.back(), its.now);
          break;
        }
        case 3:
        case 4: {
          if (members.empty()) break;
          const auto which = members.begin() + static_cast<std::ptrdiff_t>(
                                                   below(static_cast<unsigned>(members.size())));
          CHECK(its.table.remove(*which, its.now));
          CHECK_FALSE(its.table.remove(*which, its.now));
          members.erase(which);
          break;
        }
        case 5: its.answer_one(); break;
        case 6: its.is_open ? its.close() : its.open(); break;
        case 7: its.is_full = its.is_open && !its.is_full; break;
        default:
          if (its.table.due() <= its.now) its.table.advance(its.now);
      }
    }
    if (!its.is_open) its.open();
    its.settle();
    std::map<std::string, bool> wanted;
    for (const auto& one : members) {
      wanted[one->identifier] = true;
      CHECK(one->is_joined);
    }
    CHECK(its.subscribed == wanted);
  }
}

TEST_CASE("each subscription is informed in order, and of each connection once", "[R-CLIENT]") {
  table_and_server its;
  const auto one = std::make_shared<table_member>("a", subscription_handlers{});
  its.table.add(one, its.now);
  for (int i = 0; i < 2; ++i) {
    its.open();
    its.settle();
    its.close();
  }
  its.table.closed({.will_reconnect = true, .cause = {}});
  its.table.closed({.will_reconnect = false, .cause = {}});
  its.table.closed({.will_reconnect = false, .cause = {}});
  std::vector<notice::kind> seen;
  for (const auto& each : its.table.notices) seen.push_back(each.what);
  using enum notice::kind;
  CHECK(seen ==
        std::vector{initialized, connected, disconnected, connected, disconnected, disconnected});
  CHECK_FALSE(its.table.notices[1].connected.reconnected);
  CHECK(its.table.notices[3].connected.reconnected);
}

TEST_CASE("queued calls are sent in order when the server can take them", "[R-CLIENT]") {
  table_and_server its;
  const auto one = std::make_shared<table_member>("a", subscription_handlers{});
  its.table.add(one, its.now);
  CHECK_FALSE(its.table.perform(*one, message_command("a", {{"n", 1}})));
  its.open();
  its.is_full = true;
  its.table.confirmed("a", its.now);
  CHECK_FALSE(its.table.perform(*one, message_command("a", {{"n", 2}})));
  its.is_full = false;
  CHECK_FALSE(its.table.perform(*one, message_command("a", {{"n", 3}})));
  its.commands.clear();
  its.now += 500ms;
  its.table.advance(its.now);
  std::vector<int> sent;
  for (const auto& text : its.commands) sent.push_back(parse_command(text).parsed->data["n"]);
  CHECK(sent == std::vector{1, 2, 3});
  its.is_full = true;
  CHECK(its.table.perform(*one, "x") == hawser::errc::send_budget_exceeded);
}

TEST_CASE("every option of a consumer has its default", "[options]") {
  const auto& [client, extended, stale_after, max_subscribes, max_queued, max_unread, limits] =
      consumer_options{};
  CHECK(client.url.empty());
  CHECK(extended);
  CHECK(stale_after == 6s);
  CHECK(max_subscribes == 12);
  CHECK(max_queued == 64 * 1024);
  CHECK(max_unread == 1000);
  CHECK(limits.max_bytes == 16 * 1024 * 1024);
  CHECK(limits.max_depth == 100);
}

}  // namespace
