// SPDX-License-Identifier: BSL-1.0
#pragma once

// All of hawser that needs Asio, and what it stands on.

#include "hawser/asio/async_driver.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/asio/connection_places.hpp"
#include "hawser/asio/deadlines.hpp"
#include "hawser/asio/io_thread.hpp"
#include "hawser/asio/listener.hpp"
#include "hawser/asio/refusal.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/server_opening.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session_driver.hpp"
#include "hawser/asio/session_handlers.hpp"
#include "hawser/asio/session_registry.hpp"
#include "hawser/asio/session_state.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/asio/standard_error.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/hawser.hpp"
