// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/session_cache.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "support/catch.hpp"

using namespace hawser::cable;
using namespace std::chrono_literals;

namespace {

// Move-only, and cannot be made from nothing.
class cached_state {
 public:
  explicit cached_state(int number) : number_{std::make_unique<int>(number)} {}
  int number() const { return *number_; }

 private:
  std::unique_ptr<int> number_;
};

constexpr auto first_loss = std::chrono::steady_clock::time_point{24h};

std::set<int> numbers_of(const std::list<cached_state>& past) {
  std::set<int> all;
  for (const auto& one : past) all.insert(one.number());
  return all;
}

TEST_CASE("ids of sessions are random and fit into a URL", "[R-EXT]") {
  std::set<std::string> all;
  for (int i = 0; i < 1000; ++i) {
    const auto id = make_session_id();
    CHECK(id.size() == 24);
    CHECK(std::ranges::all_of(id, [](char one) {
      return (one >= '0' && one <= '9') || (one >= 'A' && one <= 'Z') ||
             (one >= 'a' && one <= 'z') || one == '-' || one == '_';
    }));
    all.insert(id);
  }
  CHECK(all.size() == 1000);
}

TEST_CASE("a session is returned once, until its time has passed", "[R-EXT]") {
  session_cache<cached_state> kept;
  CHECK(kept.put("a", cached_state{1}, 0, first_loss).empty());
  CHECK(kept.put("b", cached_state{2}, 0, first_loss + 10s).empty());
  CHECK(kept.next_expiry() == first_loss + 300s);
  CHECK_FALSE(kept.take("c", first_loss));
  CHECK_FALSE(kept.take("", first_loss));
  CHECK(kept.take("a", first_loss + 300s - 1ns)->number() == 1);
  CHECK_FALSE(kept.take("a", first_loss));
  CHECK(kept.next_expiry() == first_loss + 310s);
  CHECK_FALSE(kept.take("b", first_loss + 310s));
  CHECK(kept.expire(first_loss + 310s - 1ns).empty());
  CHECK(numbers_of(kept.expire(first_loss + 310s)) == std::set{2});
  CHECK(kept.size() == 0);
  CHECK(kept.bytes() == 0);
  CHECK(kept.next_expiry() == (std::chrono::steady_clock::time_point::max)());
}

TEST_CASE("a session that is kept again replaces itself", "[R-EXT]") {
  session_cache<cached_state> kept;
  kept.put("a", cached_state{1}, 100, first_loss);
  CHECK(numbers_of(kept.put("a", cached_state{2}, 200, first_loss + 1s)) == std::set{1});
  CHECK(kept.size() == 1);
  CHECK(kept.next_expiry() == first_loss + 301s);
  CHECK(kept.take("a", first_loss)->number() == 2);
  CHECK(kept.bytes() == 0);
}

TEST_CASE("a cache forgets the oldest session beyond its limits", "[R-EXT]") {
  session_cache<cached_state> kept{{.max_sessions = 3, .max_bytes = 100'000}};
  for (int i = 1; i <= 3; ++i) {
    CHECK(kept.put(std::to_string(i), cached_state{i}, 0, first_loss).empty());
  }
  CHECK(numbers_of(kept.put("4", cached_state{4}, 0, first_loss)) == std::set{1});
  CHECK(numbers_of(kept.put("5", cached_state{5}, 99'400, first_loss)) == std::set{2, 3});
  CHECK(numbers_of(kept.put("6", cached_state{6}, 100'000, first_loss)) == std::set{6});
  CHECK(numbers_of(kept.put("7", cached_state{7}, 99'400, first_loss)) == std::set{4, 5});
  CHECK(kept.size() == 1);
  CHECK(kept.bytes() <= 100'000);

  session_cache<cached_state> none{{.ttl = 0s}};
  CHECK(numbers_of(none.put("a", cached_state{1}, 0, first_loss)) == std::set{1});
  CHECK_FALSE(none.take("a", first_loss));
  session_cache<cached_state> all{
      {.ttl = std::chrono::seconds::max(), .max_sessions = 0, .max_bytes = 0}};
  CHECK(all.put("a", cached_state{1}, 1'000'000'000, first_loss).empty());
  CHECK(all.take("a", first_loss + 100'000h));
}

TEST_CASE("a cache agrees with a table of all sessions", "[R-EXT]") {
  std::mt19937 random{3};
  session_cache<cached_state> kept{{.ttl = 20s, .max_sessions = 0}};
  std::map<std::string, std::pair<int, std::chrono::steady_clock::time_point>> expected;
  auto now = first_loss;
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::seconds{random() % 2};
    const auto id = std::to_string(random() % 50);
    const auto expire = [&] {
      std::erase_if(expected, [&](auto& one) { return one.second.second <= now; });
    };
    switch (random() % 3) {
      case 0:
        expire();
        kept.put(id, cached_state{i}, random() % 100, now);
        expected.insert_or_assign(id, std::pair{i, now + 20s});
        REQUIRE(kept.size() == expected.size());
        break;
      case 1: {
        expire();
        const auto found = kept.take(id, now);
        REQUIRE(found.has_value() == expected.contains(id));
        if (found) REQUIRE(found->number() == expected.at(id).first);
        expected.erase(id);
        break;
      }
      default:
        expire();
        kept.expire(now);
        REQUIRE(kept.size() == expected.size());
    }
  }
}

}  // namespace
