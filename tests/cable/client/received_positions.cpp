// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/client/received_positions.hpp"

#include <cstdint>
#include <string>

#include "support/catch.hpp"

using namespace hawser::cable;
using hawser::cable::detail::received_positions;

namespace {

TEST_CASE("a message is received once, in each epoch of its stream", "[cable][R-CLIENT][R-EXT]") {
  received_positions got;
  CHECK(got.advance({"a", "e", 1}));
  CHECK_FALSE(got.advance({"a", "e", 1}));
  CHECK(got.advance({"b", "e", 1}));
  CHECK(got.advance({"a", "e", 5}));
  CHECK_FALSE(got.advance({"a", "e", 2}));
  CHECK(got.advance({"a", "f", 1}));
  CHECK_FALSE(got.advance({"a", "f", 1}));
  got.invalidate();
  CHECK_FALSE(got.advance({"b", "e", 1}));
  CHECK(got.request().is_null());
  CHECK(got.advance({"b", "e", 2}));
  CHECK(got.request() == json{{"streams", {{"b", {{"epoch", "e"}, {"offset", 2}}}}}});
  got.clear();
  CHECK(got.advance({"b", "e", 1}));
}

TEST_CASE("a server that names any number of streams does not use up the memory",
          "[cable][R-CLIENT][R-EXT]") {
  received_positions got;
  for (int i = 0; i < 5000; ++i) CHECK(got.advance({std::to_string(i), "e", 1}));
  CHECK(got.request().at("streams").size() == 1000);
}

TEST_CASE("the time of a ping may have any precision", "[cable][R-CLIENT][R-EXT]") {
  const auto seconds = [](const json& time) {
    server_message ping;
    ping.message = time;
    return hawser::cable::detail::ping_seconds(ping);
  };
  CHECK(seconds(1'764'000'000u) == 1'764'000'000);
  CHECK(seconds(1'764'000'000'123u) == 1'764'000'000);
  CHECK(seconds(1'764'000'000'123'456'789u) == 1'764'000'000);
  CHECK(seconds(UINT64_MAX).has_value());
  for (const auto& time : {json{}, json{"1"}, json{-1}, json{1.5}}) CHECK_FALSE(seconds(time));
}

}  // namespace
