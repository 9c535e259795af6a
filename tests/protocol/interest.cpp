// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/interest.hpp"

#include "support/catch.hpp"

using hawser::interest;

namespace {

static_assert(interest{} == interest{false, false, false});
static_assert(interest{true, false, false} != interest{});

TEST_CASE("all false, the default, means that the stream is to be closed") {
  const interest none;
  CHECK_FALSE(none.read);
  CHECK_FALSE(none.write);
  CHECK_FALSE(none.end_stream);
}

}  // namespace
