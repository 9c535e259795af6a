// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/interest.hpp"

#include "support/catch.hpp"

using hawser::interest;

namespace {

static_assert(interest{} == interest{false, false, false});
static_assert(interest{true, false, false} != interest{});

TEST_CASE("a connection that wants nothing has its stream closed, so nothing is the default") {
  const interest none;
  CHECK_FALSE(none.read);
  CHECK_FALSE(none.write);
  CHECK_FALSE(none.end_stream);
}

}  // namespace
