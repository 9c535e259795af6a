// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/options.hpp"

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("balanced is the default: both contexts in windows of 4 KiB") {
  const auto preset = GENERATE(true, false);
  const auto options = preset ? options_of(deflate_preset::balanced) : deflate_options{};
  CHECK(options.level == 5);
  CHECK(options.memory_level == 5);
  CHECK(options.own_window_bits == 12);
  CHECK_FALSE(options.peer_window_bits);
  CHECK(options.own_context_takeover);
  CHECK(options.peer_context_takeover);
  CHECK(options.threshold == 1024);
  CHECK_FALSE(options.compress);
}

TEST_CASE("the low_memory preset keeps nothing between messages") {
  const auto lean = options_of(deflate_preset::low_memory);
  CHECK_FALSE(lean.own_context_takeover);
  CHECK_FALSE(lean.peer_context_takeover);
}

TEST_CASE("the fast preset spends the least time") {
  CHECK(options_of(deflate_preset::fast).level == 1);
}

}  // namespace
