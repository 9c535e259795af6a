// SPDX-License-Identifier: BSL-1.0
#pragma once

// Every public header: the umbrellas, whose completeness a style check verifies, and the other headers.

// First, so that a parameter that hides one of its names is noticed.
#include "hawser/asio.hpp"
#include "hawser/cable.hpp"
#include "hawser/credentials.hpp"
#include "hawser/deflate.hpp"
#include "hawser/hawser.hpp"
#include "hawser/pubsub.hpp"
#include "hawser/pubsub/recording_broker.hpp"
#include "hawser/redis.hpp"
#include "hawser/tls.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/version.hpp"
