// SPDX-License-Identifier: BSL-1.0
#pragma once

// Action Cable, and what programs use of pubsub/ and asio/. It needs nlohmann/json.

#include "hawser/asio/language.hpp"

#include "hawser/cable/broadcast_endpoint.hpp"
#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/cable_shutdown_options.hpp"
#include "hawser/cable/channel.hpp"
#include "hawser/cable/channel_definition.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/connection.hpp"
#include "hawser/cable/consumer.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/disconnect_options.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/cable/fault.hpp"
#include "hawser/cable/history.hpp"
#include "hawser/cable/history_options.hpp"
#include "hawser/cable/history_request.hpp"
#include "hawser/cable/identifiers.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/names.hpp"
#include "hawser/cable/presence.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/cable/server_options.hpp"
#include "hawser/cable/server_statistics.hpp"
#include "hawser/cable/session_cache.hpp"
#include "hawser/cable/subscription.hpp"
#include "hawser/pubsub.hpp"
