// SPDX-License-Identifier: BSL-1.0
#pragma once

// What programs use of asio/, and the core.

#include "hawser/asio/language.hpp"

#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/client.hpp"
#include "hawser/asio/client_options.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/asio/connect_error.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/handler_setters.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/listen.hpp"
#include "hawser/asio/outage_queue.hpp"
#include "hawser/asio/plain_streams.hpp"
#include "hawser/asio/received_part.hpp"
#include "hawser/asio/reconnecting_websocket.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/send_budget.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session_message.hpp"
#include "hawser/asio/session_statistics.hpp"
#include "hawser/asio/shutdown_options.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/asio/threaded_server_options.hpp"
#include "hawser/asio/threaded_upgrade.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/hawser.hpp"
