// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/session_facts.hpp"

#include "support/catch.hpp"

using namespace hawser::detail;

TEST_CASE("a parameter of a path has the value of the first one of that name, or none") {
  const path_parameters all{{"room", "first"}, {"room", "second"}, {"user", ""}};
  CHECK(value_of("room", all) == "first");
  CHECK(value_of("user", all).empty());
  CHECK(value_of("other", all).empty());
}
