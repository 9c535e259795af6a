// SPDX-License-Identifier: BSL-1.0
#pragma once

// Topics, brokers and the hub of a server, and what programs use of asio/.

#include "hawser/asio/language.hpp"

#include "hawser/asio.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/history_store.hpp"
#include "hawser/pubsub/hub.hpp"
#include "hawser/pubsub/hub_options.hpp"
#include "hawser/pubsub/inline_broker.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/pubsub/presence_store.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/pubsub/session_store.hpp"
#include "hawser/pubsub/topic.hpp"
