// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/threaded_server_options.hpp"

#include <chrono>

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a threaded server listens on this machine by default, with limits and timeouts",
          "[rfc-10.2]") {
  const threaded_server_options usual;
  CHECK(usual.address == "127.0.0.1");
  CHECK(usual.port == 0);
  CHECK(usual.max_connections != 0);
  CHECK(usual.handshake_timeout > std::chrono::seconds{0});
  CHECK_FALSE(usual.extension);
}

}  // namespace
