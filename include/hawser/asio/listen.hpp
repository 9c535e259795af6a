// SPDX-License-Identifier: BSL-1.0
#pragma once

// What server::listen() needs for streams of your own. server.hpp includes it, except in units that link
// hawser::compiled, which contains the connections over sockets: there, include this header to listen with
// other streams.

#include "hawser/asio/language.hpp"

#include "hawser/asio/accepting/listener.hpp"
#include "hawser/asio/accepting/server_state.hpp"
#include "hawser/asio/accepting/server_threads.hpp"
