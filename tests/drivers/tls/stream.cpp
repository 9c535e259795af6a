// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/stream.hpp"

#include "drivers/async_websocket_talk.hpp"
#include "drivers/drivers.hpp"
#include "drivers/session_talk.hpp"
#include "drivers/tls/secure_talk.hpp"

using namespace hawser::test;

namespace {

const enlisted websocket{async_websocket_over<secure_talk>("an async_websocket over TLS")};
const enlisted served{session_over<secure_talk, caller::own>("a session over TLS")};

}  // namespace
