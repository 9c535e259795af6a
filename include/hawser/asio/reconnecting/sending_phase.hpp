// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace hawser::detail {

/// Where a client's messages go.
enum class sending_phase : std::uint8_t {
  unconnected,  ///< Into the queue: there is no connection
  greeting,     ///< On the connection if they are sent in on_open, otherwise into the queue
  catching_up,  ///< Into the queue, whose messages are sent first
  connected,    ///< On the connection
  lost,         ///< Into the queue: the connection is closing
};

/// What changes that.
enum class sending_event : std::uint8_t {
  connected,     ///< There is a connection, and on_open is called next
  greeted,       ///< on_open has returned
  caught_up,     ///< The queue is empty
  lost,          ///< The connection accepts no message any more
  disconnected,  ///< The connection has ended
};

/// The phase after an event. An event that does not belong to a phase changes nothing.
constexpr sending_phase after(sending_phase now, sending_event happened) noexcept {
  using phase = sending_phase;
  switch (happened) {
    case sending_event::connected: return phase::greeting;
    case sending_event::greeted: return now == phase::greeting ? phase::catching_up : now;
    case sending_event::caught_up: return now == phase::catching_up ? phase::connected : now;
    case sending_event::lost: return now == phase::unconnected ? now : phase::lost;
    case sending_event::disconnected: break;
  }
  return phase::unconnected;
}

/// Whether a client still sends. It only moves forward.
enum class sending_end : std::uint8_t {
  none,
  ended,      ///< Nothing is sent any more
  forgotten,  ///< … and no session is kept
};

}  // namespace hawser::detail
