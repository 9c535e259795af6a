// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/enum_set.hpp"

#include <cstdint>

#include "support/catch.hpp"

using hawser::enum_set;

namespace {

enum class direction : std::uint8_t { in, out, last = 7 };
using directions = enum_set<direction>;

constexpr directions with(directions set, direction one) {
  set.insert(one);
  return set;
}

constexpr directions without(directions set, direction one) {
  set.erase(one);
  return set;
}

static_assert(sizeof(directions) == 1);
static_assert(directions{}.empty());
static_assert(with({}, direction::in) == directions{direction::in});
static_assert(with({direction::in}, direction::last) == directions{direction::in, direction::last});
static_assert(without({direction::in, direction::last}, direction::in) ==
              directions{direction::last});
static_assert(without({direction::out}, direction::in) == directions{direction::out});

TEST_CASE("an enum_set reports whether insert and erase changed it") {
  directions set;
  CHECK(set.insert(direction::out));
  CHECK_FALSE(set.insert(direction::out));
  CHECK(set.contains(direction::out));
  CHECK_FALSE(set.contains(direction::in));
  CHECK(set.insert(direction::last));
  CHECK(set.erase(direction::out));
  CHECK_FALSE(set.erase(direction::out));
  CHECK_FALSE(set.empty());
  set.clear();
  CHECK(set.empty());
  CHECK_FALSE(set.contains(direction::last));
}

}  // namespace
