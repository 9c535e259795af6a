// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include "hawser/asio/upgrade.hpp"
#include "hawser/cable/engine/server_state.hpp"
#include "hawser/cable/engine/subprotocol.hpp"
#include "hawser/handshake/response.hpp"

// What requests for the route of a cable server get.

namespace hawser::cable::detail {

inline response not_found() {
  response answer{.status = 404, .body = "Page not found"};
  answer.headers.add("Content-Type", "text/plain");
  return answer;
}

/// Accepts or refuses an upgrade of an allowed page.
inline void decide(const server_state& state, const upgrade& asked) {
  if (state.has_ended) return static_cast<void>(asked.reject(503));
  const auto chosen = choose_subprotocol(state.options, asked.request().subprotocols());
  if (!chosen) return static_cast<void>(asked.reject(400, "no subprotocol of Action Cable"));
  asked.accept(acceptance{.subprotocol = *chosen});
}

}  // namespace hawser::cable::detail
