// SPDX-License-Identifier: BSL-1.0
#include <cstddef>

#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

#include "hawser/asio/server.hpp"

namespace hawser::detail {

template struct server_maker<own_threads, std::size_t>;
template struct listener_maker<asio::ip::tcp, own_threads, plain_streams>;
template struct listener_maker<asio::local::stream_protocol, own_threads, plain_streams>;

}  // namespace hawser::detail
