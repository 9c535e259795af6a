// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/presence.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace hawser::cable;
using namespace std::chrono_literals;

namespace {

using departures = std::vector<presence_departure>;
using presence_records = std::vector<presence_record>;
constexpr auto first_join = std::chrono::steady_clock::time_point{24h};

TEST_CASE("only the first session of an id joins, and only the last one leaves", "[R-EXT]") {
  presence all;
  CHECK(all.join("room", "s1", "ann", "1") == presence_status::joined);
  CHECK(all.join("room", "s2", "ann", "2") == presence_status::updated);
  CHECK(all.join("room", "s3", "bob", "3") == presence_status::joined);
  CHECK(all.join("other", "s1", "ann", "") == presence_status::joined);
  CHECK(all.records("room") == presence_records{{"ann", "2"}, {"bob", "3"}});
  CHECK(all.total("room") == 2);

  CHECK(all.leave("room", "s1") == std::nullopt);
  CHECK(all.leave("room", "s1") == std::nullopt);
  CHECK(all.leave("room", "s2") == "ann");
  CHECK(all.leave("room", "none") == std::nullopt);
  CHECK(all.leave("none", "s3") == std::nullopt);
  CHECK(all.records("room") == presence_records{{"bob", "3"}});
  CHECK(all.leave("room", "s3") == "bob");
  CHECK(all.records("room").empty());
  CHECK(all.records("other") == presence_records{{"ann", ""}});
  CHECK(all.leave("other", "s1") == "ann");
  CHECK(all.memberships() == 0);
}

TEST_CASE("a session replaces the info of its id, and cannot change the id", "[R-EXT]") {
  presence all;
  CHECK(all.join("room", "s1", "ann", "1") == presence_status::joined);
  CHECK(all.join("room", "s1", "ann", "2") == presence_status::updated);
  CHECK(all.join("room", "s1", "bob", "3") == presence_status::mismatch);
  CHECK(all.records("room") == presence_records{{"ann", "2"}});
  CHECK(all.memberships() == 1);
  CHECK(all.join("other", "s1", "bob", "3") == presence_status::joined);
  CHECK(all.leave("room", "s1") == "ann");
  CHECK(all.join("room", "s1", "bob", "3") == presence_status::joined);
}

TEST_CASE("an id leaves some time after the connection of its last session was lost", "[R-EXT]") {
  presence all;
  all.join("room", "s1", "ann", "");
  all.join("hall", "s1", "ann", "");
  all.join("room", "s2", "bob", "");
  CHECK(all.next_expiry() == (std::chrono::steady_clock::time_point::max)());
  all.disconnect("s1", first_join);
  CHECK(all.expire(first_join).empty());
  all.disconnect("s1", first_join + 5s);
  CHECK(all.expire(first_join + 5s).empty());
  all.disconnect("none", first_join);
  CHECK(all.expire(first_join).empty());
  CHECK(all.next_expiry() == first_join + 15s);
  CHECK(all.expire(first_join + 15s - 1ns).empty());
  CHECK(all.total("room") == 2);
  CHECK(all.expire(first_join + 15s) == departures{{"hall", "ann"}, {"room", "ann"}});
  CHECK(all.expire(first_join + 60s).empty());
  CHECK(all.records("room") == presence_records{{"bob", ""}});
  CHECK(all.memberships() == 1);
}

TEST_CASE("an id that comes back in time does not leave", "[R-EXT]") {
  presence all;
  // By another session,
  all.join("room", "s1", "ann", "1");
  all.disconnect("s1", first_join);
  CHECK(all.join("room", "s2", "ann", "2") == presence_status::updated);
  CHECK(all.expire(first_join + 15s).empty());
  CHECK(all.records("room") == presence_records{{"ann", "2"}});
  // or by one that continues the lost one, and then leaves at once.
  all.disconnect("s2", first_join + 20s);
  all.transfer("s2", "s3");
  CHECK(all.next_expiry() == (std::chrono::steady_clock::time_point::max)());
  CHECK(all.expire(first_join + 60s).empty());
  CHECK(all.join("room", "s3", "ann", "3") == presence_status::updated);
  CHECK(all.leave("room", "s3") == "ann");
  CHECK(all.memberships() == 0);

  all.join("room", "s4", "ann", "");
  all.join("room", "s5", "bob", "");
  all.transfer("s4", "s5");
  all.transfer("none", "s6");
  CHECK(all.leave("room", "s5") == "bob");
  CHECK(all.leave("room", "s4") == "ann");
  // A session that leaves by itself after its connection was lost does not leave again.
  all.join("room", "s7", "ann", "");
  all.disconnect("s7", first_join);
  CHECK(all.leave("room", "s7") == "ann");
  CHECK(all.expire(first_join + 60s).empty());
}

TEST_CASE("the loss of a connection needs no memory, and those that were lost first leave first",
          "[R-EXT]") {
  presence all;
  static_assert(noexcept(all.disconnect("s1", first_join)));
  for (const auto* const one : {"s1", "s2", "s3", "s4"}) all.join("room", one, one, "");
  all.disconnect("s4", first_join);
  all.disconnect("s2", first_join + 1s);
  all.disconnect("s1", first_join + 2s);
  all.transfer("s2", "s5");
  CHECK(all.expire(first_join + 16s) == departures{{"room", "s4"}});
  all.disconnect("s5", first_join + 16s);
  CHECK(all.next_expiry() == first_join + 17s);
  CHECK(all.expire(first_join + 60s) == departures{{"room", "s1"}, {"room", "s2"}});
  CHECK(all.records("room") == presence_records{{"s3", ""}});
}

TEST_CASE("without a time, an id leaves with the connection", "[R-EXT]") {
  presence all{{.ttl = 0s}};
  all.join("room", "s1", "ann", "");
  all.join("room", "s2", "bob", "");
  all.join("hall", "s2", "ann", "");
  all.join("hall", "s1", "ann", "");
  all.disconnect("s1", first_join);
  CHECK(all.expire(first_join) == departures{{"room", "ann"}});
  all.disconnect("s2", first_join);
  CHECK(all.expire(first_join) == departures{{"hall", "ann"}, {"room", "bob"}});
  CHECK(all.memberships() == 0);
  presence longest{{.ttl = std::chrono::seconds::max()}};
  longest.join("room", "s1", "ann", "");
  longest.disconnect("s1", first_join);
  CHECK(longest.expire(first_join).empty());
  CHECK(longest.expire(first_join + 1000h).empty());
}

TEST_CASE("presence has limits", "[R-EXT]") {
  presence all{{.max_record_bytes = 10, .max_ids_per_stream = 2, .max_memberships = 4}};
  CHECK(all.join("room", "s1", "12345", "12345") == presence_status::joined);
  CHECK(all.join("room", "s1", "12345", "123456") == presence_status::full);
  CHECK(all.join("hall", "s1", std::string(11, 'x'), "") == presence_status::full);
  CHECK(all.join("room", "s2", "b", "") == presence_status::joined);
  CHECK(all.join("room", "s3", "c", "") == presence_status::full);
  CHECK(all.join("room", "s3", "b", "") == presence_status::updated);
  CHECK(all.join("hall", "s3", "b", "") == presence_status::joined);
  CHECK(all.join("hall", "s4", "b", "") == presence_status::full);
  CHECK(all.join("hall", "s3", "b", "x") == presence_status::updated);
  CHECK(all.memberships() == 4);
  presence any{{.max_record_bytes = 0, .max_ids_per_stream = 0, .max_memberships = 0}};
  CHECK(any.join("room", "s", std::string(10'000, 'x'), "") == presence_status::joined);
}

TEST_CASE("presence agrees with the sets of its sessions", "[R-EXT]") {
  std::mt19937 random{2};
  const auto name = [&](char kind, unsigned count) {
    return kind + std::to_string(random() % count);
  };
  presence all{{.ttl = 5s}};
  std::map<std::string, std::map<std::string, std::string>> joined;  // stream, session: id
  std::map<std::string, std::chrono::steady_clock::time_point> lost;
  const auto has = [&](const std::string& stream, const std::string& id) {
    return std::ranges::any_of(joined[stream], [&](auto& one) { return one.second == id; });
  };
  auto now = first_join;
  for (int i = 0; i < 30'000; ++i) {
    const auto stream = name('r', 3);
    const auto session = name('s', 5);
    auto& place = joined[stream];
    switch (random() % 4) {
      case 0: {
        if (lost.contains(session)) break;
        const auto id = name('u', 3);
        const auto known = place.find(session);
        const auto expected = known == place.end()  ? (has(stream, id) ? presence_status::updated
                                                                       : presence_status::joined)
                              : known->second == id ? presence_status::updated
                                                    : presence_status::mismatch;
        REQUIRE(all.join(stream, session, id, "") == expected);
        place.emplace(session, id);
        break;
      }
      case 1: {
        const auto known = place.find(session);
        const auto id = known == place.end() ? "" : known->second;
        place.erase(session);
        const auto left = all.leave(stream, session);
        REQUIRE(left.has_value() == (!id.empty() && !has(stream, id)));
        if (left) REQUIRE(*left == id);
        break;
      }
      case 2:
        if (std::ranges::any_of(joined, [&](auto& one) { return one.second.contains(session); })) {
          lost.emplace(session, now + 5s);
        }
        all.disconnect(session, now);
        break;
      default: {
        now += std::chrono::seconds{random() % 3};
        std::set<std::pair<std::string, std::string>> before;
        std::set<std::pair<std::string, std::string>> after;
        const auto collect = [&](auto& into) {
          for (auto& [one, sessions] : joined) {
            for (auto& [_, id] : sessions) into.emplace(one, id);
          }
        };
        collect(before);
        for (auto& [each, when] : lost) {
          if (when > now) continue;
          for (auto& [_, sessions] : joined) sessions.erase(each);
        }
        collect(after);
        std::erase_if(lost, [&](auto& one) {
          return one.second <= now || std::ranges::none_of(joined, [&](auto& each) {
                   return each.second.contains(one.first);
                 });
        });
        for (const auto& one : all.expire(now)) {
          REQUIRE(before.erase({one.stream, one.id}) == 1);
        }
        REQUIRE(before == after);
      }
    }
    // A session that has left all its streams is no longer lost.
    std::erase_if(lost, [&](auto& one) {
      return std::ranges::none_of(joined,
                                  [&](auto& each) { return each.second.contains(one.first); });
    });
  }
}

}  // namespace
