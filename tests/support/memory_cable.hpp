// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "hawser/asio/server.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing.hpp"

namespace hawser::test {

/// A cable server at /cable of a server in memory, on a virtual clock.
struct memory_cable : testing::world {
  explicit memory_cable(const cable::server_options& options = {}) : served{broker, options} {}

  /// Call it after the channels are added.
  void mount() {
    served.mount(http.route("/cable"));
    serve(http);
  }

  testing::peer connect(const std::string& subprotocols, const std::string& query = "") {
    return world::connect("/cable" + query, {{"Sec-WebSocket-Protocol", subprotocols}});
  }

  memory_broker broker;
  cable::server served;
  server http{context(), {.listener = first_listener::none}};
};

}  // namespace hawser::test
