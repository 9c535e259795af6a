// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session.hpp"

#include "drivers/drivers.hpp"
#include "drivers/session_talk.hpp"
#include "drivers/timed_talk.hpp"

using namespace hawser::test;

namespace {

const enlisted waiting_session{session_over<timed_talk<calling::waits>, caller::other>(
    "a session over a stream that waits, used by other threads")};
const enlisted direct_session{session_over<timed_talk<calling::direct>, caller::own>(
    "a session over a stream that is read directly, used by its handlers")};

}  // namespace
