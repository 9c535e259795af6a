// SPDX-License-Identifier: BSL-1.0
#include <asio/io_context.hpp>

#include "hawser/asio/accepting/server_threads.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/opening/lone_attempt.hpp"
#include "hawser/asio/plain_streams.hpp"
#include "hawser/asio/reconnecting/client_state.hpp"
#include "hawser/testing/engine/memory_dialer.hpp"
#include "hawser/testing/engine/memory_listener.hpp"

namespace hawser {

template struct detail::listener_maker<testing::memory_protocol, detail::own_threads,
                                       plain_streams>;
template struct detail::listener_maker<testing::memory_protocol, detail::shared_threads,
                                       plain_streams>;
template void testing::connect_owner_by_network<detail::client_state<default_layer>>(
    asio::io_context&);
template void testing::connect_owner_by_network<detail::lone_attempt>(asio::io_context&);

}  // namespace hawser
