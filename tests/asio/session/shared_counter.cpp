// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/shared_counter.hpp"

#include "support/catch.hpp"

TEST_CASE("a shared counter is what was added, or set") {
  hawser::detail::shared_counter counter;
  CHECK(counter.get() == 0);
  counter.add(2);
  counter.add(3);
  CHECK(counter.get() == 5);
  counter.set(1);
  CHECK(counter.get() == 1);
}
