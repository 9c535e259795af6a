// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/entropy.hpp"

#include <array>
#include <cstddef>
#include <string>

#include "support/catch.hpp"

namespace {

struct counting_source {
  std::array<std::byte, 4> operator()();
};
struct wrong_size {
  std::array<std::byte, 8> operator()();
};
struct needs_a_seed {
  std::array<std::byte, 4> operator()(int seed);
};

TEST_CASE("any function that returns four bytes is a mask source", "[rfc-5.3]") {
  STATIC_REQUIRE(hawser::mask_source<counting_source>);
  STATIC_REQUIRE(hawser::mask_source<std::array<std::byte, 4> (*)()>);
  STATIC_REQUIRE_FALSE(hawser::mask_source<wrong_size>);
  STATIC_REQUIRE_FALSE(hawser::mask_source<needs_a_seed>);
  STATIC_REQUIRE_FALSE(hawser::mask_source<const counting_source>);
  STATIC_REQUIRE_FALSE(hawser::mask_source<std::string>);
}

}  // namespace
