// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/options.hpp"

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("balanced is what nothing else was asked for") {
  const deflate_options plain;
  const auto balanced = options_of(deflate_preset::balanced);
  CHECK(balanced.level == plain.level);
  CHECK(balanced.memory_level == plain.memory_level);
  CHECK(balanced.own_window_bits == plain.own_window_bits);
  CHECK(balanced.peer_window_bits == plain.peer_window_bits);
  CHECK(balanced.own_context_takeover);
  CHECK(balanced.peer_context_takeover);
  CHECK(balanced.threshold == 1024);
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
