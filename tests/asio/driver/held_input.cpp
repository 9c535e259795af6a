// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/held_input.hpp"

#include "hawser/base/error.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser::test;
using hawser::detail::held_input;

namespace {

TEST_CASE("held input can be taken piece by piece, and more can be added meanwhile") {
  held_input held;
  CHECK(held.empty());
  CHECK(held.rest().empty());
  held.add({});
  CHECK(held.empty());

  held.add(bytes("abcd"));
  CHECK_FALSE(held.empty());
  const auto* const place = held.rest().data();
  held.keep(3);
  CHECK(text(held.rest()) == "bcd");
  CHECK(held.rest().data() == place + 1);
  held.add(bytes("ef"));
  CHECK(text(held.rest()) == "bcdef");
  held.keep(0);
  CHECK(held.empty());
  CHECK(held.rest().empty());
}

TEST_CASE("the end of the stream is taken once") {
  held_input held;
  CHECK_FALSE(held.has_end());
  held.add_end(hawser::errc::aborted);
  CHECK(held.has_end());
  CHECK(held.empty());
  CHECK(held.end() == hawser::errc::aborted);
  CHECK_FALSE(held.has_end());
}

}  // namespace
