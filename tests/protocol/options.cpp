// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/options.hpp"

#include <chrono>

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a limit that is given is the limit of both roles") {
  const connection_options options{.max_message_size = 1};
  CHECK(max_message_size(options, role::server) == 1);
  CHECK(max_message_size(options, role::client) == 1);
}

TEST_CASE("without options, a server receives messages of 1 MiB, and a client messages of 16 MiB") {
  CHECK(max_message_size({}, role::server) == 1'048'576);
  CHECK(max_message_size({}, role::client) == 16'777'216);
}

TEST_CASE("the timeouts that are not given are those of the documentation") {
  const connection_options options;
  CHECK(options.keep_alive_interval == std::chrono::seconds{20});
  CHECK(options.keep_alive_timeout == std::chrono::seconds{20});
  CHECK(options.idle_timeout == std::chrono::seconds{0});
  CHECK(options.message_timeout == std::chrono::seconds{60});
  CHECK(options.close_timeout == std::chrono::seconds{5});
  CHECK(options.write_timeout == std::chrono::seconds{20});
}

}  // namespace
