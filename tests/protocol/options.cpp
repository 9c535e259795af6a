// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/options.hpp"

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a limit that is given is the limit of both roles") {
  const connection_options options{.max_message_size = 1};
  CHECK(max_message_size(options, role::server) == 1);
  CHECK(max_message_size(options, role::client) == 1);
}

}  // namespace
