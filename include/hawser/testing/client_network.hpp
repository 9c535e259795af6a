// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio/io_context.hpp>

#include "hawser/asio/client.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/opening/lone_attempt.hpp"
#include "hawser/testing/engine/connect_by_network.hpp"

#if !defined(HAWSER_COMPILED_TESTING)
#include "hawser/testing/engine/memory_dialer.hpp"
#endif

namespace hawser::testing {

#if defined(HAWSER_COMPILED_TESTING)
extern template void connect_owner_by_network<hawser::detail::client_state<default_layer>>(
    asio::io_context&);
extern template void connect_owner_by_network<hawser::detail::lone_attempt>(asio::io_context&);
#endif

/// Makes the clients of a context and async_connect() connect by its network.
inline void connect_clients_by_network(asio::io_context& context) {
  connect_owner_by_network<hawser::detail::client_state<default_layer>>(context);
  connect_owner_by_network<hawser::detail::lone_attempt>(context);
}

}  // namespace hawser::testing
