// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/plain_streams.hpp"
#include "hawser/testing/engine/memory_protocol.hpp"

#if !defined(HAWSER_COMPILED_TESTING)
#include "hawser/testing/engine/memory_listener.hpp"
#endif

#if defined(HAWSER_COMPILED_TESTING)
namespace hawser::detail {
extern template struct listener_maker<testing::memory_protocol, own_threads, plain_streams>;
extern template struct listener_maker<testing::memory_protocol, shared_threads, plain_streams>;
}  // namespace hawser::detail
#endif
