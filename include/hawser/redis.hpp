// SPDX-License-Identifier: BSL-1.0
#pragma once

// The broker of several processes, by Redis, and what programs use of pubsub/.

#include "hawser/asio/language.hpp"

#include "hawser/pubsub.hpp"
#include "hawser/redis/address.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/options.hpp"
#include "hawser/redis/redis_broker.hpp"
#include "hawser/redis/redis_history.hpp"
#include "hawser/redis/redis_presence.hpp"
#include "hawser/redis/redis_sessions.hpp"
