// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/connection_places.hpp"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

TEST_CASE(
    "there are as many places as the limit says, and a place is free again when its owner releases "
    "it") {
  const auto places = std::make_shared<connection_places>(2, 0);
  auto first = places->take("a");
  auto second = places->take("a");
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(places->take("b"));
  CHECK(places->count() == 2);
  const auto moved = std::move(first);
  first.reset();
  CHECK_FALSE(places->take("b"));
  second.reset();
  CHECK(places->take("b"));
  CHECK(places->count() == 1);
  second = places->take("c");
  second = {};
  CHECK(places->count() == 1);
}

TEST_CASE("an address has its own limit, which others do not use up", "[abuse]") {
  const auto places = std::make_shared<connection_places>(0, 1);
  auto one = places->take("a");
  CHECK(one);
  CHECK_FALSE(places->take("a"));
  CHECK(places->take("b"));
  one.reset();
  CHECK(places->take("a"));
}

TEST_CASE("without limits there is always a place") {
  const auto places = std::make_shared<connection_places>(0, 0);
  std::vector<connection_places::place> taken;
  for (int i = 0; i < 1000; ++i) taken.push_back(places->take("a"));
  CHECK(places->count() == 1000);
}

TEST_CASE("the hook is called each time when the last place is given back") {
  const auto places = std::make_shared<connection_places>(0, 0);
  int times = 0;
  places->on_empty([&] { ++times; });
  auto first = places->take("a");
  auto second = places->take("a");
  first.reset();
  CHECK(times == 0);
  second.reset();
  CHECK(times == 1);
  places->take("a");
  CHECK(times == 2);
}

}  // namespace
