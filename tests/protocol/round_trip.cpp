// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/round_trip.hpp"

#include <array>
#include <chrono>
#include <cstddef>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

constexpr bool measures_in_a_constant_expression() {
  constexpr std::array payload{std::byte{1}, std::byte{2}};
  round_trip trip;
  trip.sent(payload, at(1s));
  return trip.received(payload, at(4s)) == 3s;
}
static_assert(measures_in_a_constant_expression());

TEST_CASE("the pong with the ping's payload gives the time between them", "[rfc-5.5.3]") {
  round_trip trip;
  trip.sent(bytes("one"), at(10s));
  CHECK(trip.received(bytes("one"), at(10s + 5ms)) == 5ms);
}

TEST_CASE("a pong is an answer once", "[rfc-5.5.3]") {
  round_trip trip;
  CHECK(!trip.received(bytes("one"), at(9s)));
  trip.sent(bytes("one"), at(10s));
  CHECK(trip.received(bytes("one"), at(11s)));
  CHECK(!trip.received(bytes("one"), at(12s)));
}

TEST_CASE("a pong with another payload is no answer", "[rfc-5.5.3]") {
  round_trip trip;
  trip.sent(bytes("one"), at(10s));
  CHECK(!trip.received(bytes("two"), at(11s)));
  CHECK(!trip.received({}, at(11s)));
  CHECK(trip.received(bytes("one"), at(12s)) == 2s);
}

TEST_CASE("each payload of one byte differs from all others", "[rfc-5.5.3]") {
  std::size_t mistaken = 0;
  for (unsigned sent = 0; sent < 256; ++sent) {
    for (unsigned other = 0; other < 256; ++other) {
      round_trip trip;
      trip.sent(std::array{static_cast<std::byte>(sent)}, at(1s));
      const bool is_answer =
          trip.received(std::array{static_cast<std::byte>(other)}, at(2s)).has_value();
      if (is_answer != (sent == other)) ++mistaken;
    }
  }
  CHECK(mistaken == 0);
}

TEST_CASE("only the last ping is measured", "[rfc-5.5.3]") {
  round_trip trip;
  trip.sent(bytes("one"), at(10s));
  trip.sent({}, at(11s));
  CHECK(!trip.received(bytes("one"), at(12s)));
  CHECK(trip.received({}, at(13s)) == 2s);
}

}  // namespace
