// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/async_websocket.hpp"

#include "drivers/async_websocket_talk.hpp"
#include "drivers/drivers.hpp"
#include "drivers/timed_talk.hpp"

using namespace hawser::test;

namespace {

const enlisted waiting{async_websocket_over<timed_talk<calling::waits>>(
    "an async_websocket over a stream that waits")};
const enlisted direct{async_websocket_over<timed_talk<calling::direct>>(
    "an async_websocket over a stream that is read directly")};

}  // namespace
