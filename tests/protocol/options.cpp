// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/options.hpp"

#include <chrono>

#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;

namespace {

constexpr connection_options defaults;

static_assert(max_message_size(defaults, role::server) == 1024 * 1024);
static_assert(max_message_size(defaults, role::client) == 16 * 1024 * 1024);
static_assert(defaults.max_frames == 131'072);
static_assert(defaults.deliver == delivery::messages);
static_assert(defaults.keep_alive_interval == 20s && defaults.keep_alive_timeout == 20s);
static_assert(defaults.close_timeout == 5s && defaults.write_timeout == 20s);
static_assert(defaults.message_timeout == 60s && defaults.max_frame_size == 0);
static_assert(defaults.turn.bytes == 1024 * 1024 && defaults.turn.events == 256);

TEST_CASE("a limit that is given is the limit of both roles") {
  const connection_options options{.max_message_size = 1};
  CHECK(max_message_size(options, role::server) == 1);
  CHECK(max_message_size(options, role::client) == 1);
}

}  // namespace
