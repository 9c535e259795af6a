// SPDX-License-Identifier: BSL-1.0
#pragma once

// All of hawser that needs Asio, and what it stands on.

#include "hawser/asio/async_driver.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/asio/deadlines.hpp"
#include "hawser/asio/refusal.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/hawser.hpp"
