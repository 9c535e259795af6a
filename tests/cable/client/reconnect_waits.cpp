// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/client/reconnect_waits.hpp"

#include <chrono>
#include <cstdint>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

template <std::uint32_t Value>
struct constant_source {
  std::uint32_t operator()() const noexcept { return Value; }
};

using least = hawser::cable::detail::reconnect_waits<constant_source<0>>;
using most = hawser::cable::detail::reconnect_waits<constant_source<0xFFFFFFFF>>;

auto rounded(std::chrono::steady_clock::duration wait) {
  return std::chrono::round<std::chrono::milliseconds>(wait);
}

TEST_CASE("the waits of a consumer are those of the npm client's monitor", "[R-CLIENT]") {
  least from;
  most to;
  CHECK(rounded(from.next()) == 6000ms);
  CHECK(rounded(to.next()) == 12000ms);
  CHECK(rounded(from.next()) == 6900ms);
  CHECK(rounded(to.next()) == 7935ms);
  for (int i = 2; i < 10; ++i) from.next(), to.next();
  for (int i = 0; i < 3; ++i) {
    CHECK(rounded(from.next()) == 24273ms);
    CHECK(rounded(to.next()) == 27914ms);
  }
  from.welcomed();
  CHECK(rounded(from.next()) == 6000ms);
}

TEST_CASE("an attempt is made at once after a long connection, and once if the server asks",
          "[R-CLIENT]") {
  least waits;
  waits.disconnected(10s, false);
  CHECK(waits.next() == 0s);
  CHECK(rounded(waits.next()) == 6900ms);
  waits.welcomed();
  waits.disconnected(1s, false);
  CHECK(rounded(waits.next()) == 6000ms);
  waits.welcomed();
  waits.disconnected(1s, true);
  CHECK(waits.next() == 0s);
  waits.welcomed();
  waits.disconnected(1s, true);
  CHECK(rounded(waits.next()) == 6000ms);
  waits.welcomed();
  waits.disconnected(10s, true);
  CHECK(waits.next() == 0s);
  waits.disconnected(1s, true);
  CHECK(waits.next() == 0s);
  waits.disconnected(1s, true);
  CHECK(waits.next() != 0s);
}

}  // namespace
