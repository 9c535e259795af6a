// SPDX-License-Identifier: BSL-1.0
#pragma once

// The test kit: handlers against a scripted peer, in memory, on virtual time. Needs Asio; a peer alone
// (hawser/testing/peer.hpp, hawser/testing/pipe_wire.hpp) does not.

#include "hawser/asio/language.hpp"

#include "hawser/testing/client_network.hpp"
#include "hawser/testing/failure.hpp"
#include "hawser/testing/frame_log.hpp"
#include "hawser/testing/http.hpp"
#include "hawser/testing/network.hpp"
#include "hawser/testing/peer.hpp"
#include "hawser/testing/pipe_wire.hpp"
#include "hawser/testing/received.hpp"
#include "hawser/testing/scheduler.hpp"
#include "hawser/testing/server_network.hpp"
#include "hawser/testing/stream.hpp"
#include "hawser/testing/stream_wire.hpp"
#include "hawser/testing/wire.hpp"
#include "hawser/testing/world.hpp"
