// SPDX-License-Identifier: BSL-1.0
#include "hawser/negotiation/negotiator.hpp"

#include <string>

#include "hawser/frame/header.hpp"
#include "support/catch.hpp"
#include "support/run_length_negotiator.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

static_assert(extension_negotiator<run_length_negotiator>);
static_assert(extension_negotiator<any_negotiator>);

TEST_CASE("without a negotiator nothing is offered, answered or accepted", "[rfc-9.1]") {
  const any_negotiator none;
  CHECK_FALSE(none);
  CHECK(none.offer().empty());
  CHECK(none.answer({{"run-length"}}).empty());
  CHECK(none.accepts({}));
  CHECK_FALSE(none.accepts({{"run-length"}}));
  CHECK_FALSE(none.make(role::client, {{"run-length"}}));
}

TEST_CASE("any_negotiator calls a negotiator of any type, and its copies too", "[rfc-9.1]") {
  const any_negotiator first{run_length_negotiator{}};
  const any_negotiator known = first;
  CHECK(known);
  CHECK(known.offer() == "run-length");
  CHECK(known.answer({{"x"}, {"run-length"}}) == "run-length");
  CHECK(known.answer({{"x"}}).empty());
  CHECK(known.accepts({}));
  CHECK(known.accepts({{"run-length"}}));
  CHECK_FALSE(known.accepts({{"x"}}));
  for (const auto own_role : {role::client, role::server}) {
    CHECK(known.make(own_role, {{"run-length"}}).reserved_bits() == rsv1);
    CHECK_FALSE(known.make(own_role, {}));
  }
}

}  // namespace
