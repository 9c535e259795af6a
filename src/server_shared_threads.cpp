// SPDX-License-Identifier: BSL-1.0
#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/server.hpp"

namespace hawser::detail {

template struct server_maker<shared_threads, asio::any_io_executor>;
template struct server_maker<shared_threads, asio::strand<asio::any_io_executor>>;
template struct listener_maker<asio::ip::tcp, shared_threads, plain_streams>;
template struct listener_maker<asio::local::stream_protocol, shared_threads, plain_streams>;

}  // namespace hawser::detail
