// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/link/own_publications.hpp"

#include <cstddef>
#include <memory>
#include <string>

#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/publication.hpp"
#include "support/catch.hpp"

using namespace hawser;
using detail::own_publications;

namespace {

auto made(const std::string& topic, const std::string& text) {
  return std::make_shared<const publication>(publication{topic, prepared_message{text}, {7}});
}

TEST_CASE("a publication of this process is recognised once, by topic and payload", "[redis]") {
  own_publications all;
  CHECK_FALSE(all.take("a", "x"));
  const auto first = made("a", "x");
  const auto second = made("a", "y");
  const auto third = made("a", "x");
  for (const auto& one : {first, second, third}) all.sent(one);
  CHECK_FALSE(all.take("b", "x"));
  CHECK_FALSE(all.take("a", "z"));
  CHECK(all.take("a", "y") == second);
  CHECK(all.take("a", "x") == first);
  CHECK(all.take("a", "x") == third);
  CHECK_FALSE(all.take("a", "x"));
  CHECK(all.empty());
}

TEST_CASE("a publication that Redis has executed is forgotten after a fence", "[redis]") {
  own_publications all;
  const auto one = made("a", "x");
  const auto late = made("a", "y");
  all.sent(one);
  all.executed(*one, true);
  all.sent(late);
  all.begin_fence();
  all.executed(*late, true);
  all.end_fence();
  CHECK_FALSE(all.take("a", "x"));
  CHECK(all.take("a", "y") == late);
  CHECK(all.empty());
  // Without a connection for subscriptions nothing comes back.
  all.sent(one);
  all.executed(*one, false);
  CHECK(all.empty());
  all.executed(*one, true);
  CHECK(all.empty());
}

TEST_CASE("what is on its way when a connection ends is forgotten when it cannot come back",
          "[redis]") {
  own_publications all;
  const auto one = made("a", "x");
  const auto two = made("b", "x");
  all.sent(one);
  all.sent(two);
  all.executed(*one, true);
  all.subscriber_lost();
  CHECK_FALSE(all.take("a", "x"));
  all.publisher_lost();
  all.begin_fence();
  all.end_fence();
  CHECK(all.empty());
}

TEST_CASE("a fence is due when many publications have not come back", "[redis]") {
  own_publications all;
  for (std::size_t i = 0; i < own_publications::most_executed; ++i) {
    CHECK_FALSE(all.is_fence_due());
    const auto one = made("a", std::to_string(i));
    all.sent(one);
    all.executed(*one, true);
  }
  CHECK(all.is_fence_due());
  all.begin_fence();
  CHECK_FALSE(all.is_fence_due());
  all.end_fence();
  CHECK(all.empty());
}

}  // namespace
