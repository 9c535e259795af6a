// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include "hawser/frame/opcode.hpp"

namespace hawser {

/// How far the closing handshake has come: RFC 6455 §7.1.
enum class close_state : std::uint8_t {
  open,       ///< No Close frame yet
  sent,       ///< Ours is sent, the peer's has not come
  exchanged,  ///< The handshake is over, the stream is not
  ended,      ///< The stream is over
};

/// What moves the closing handshake.
enum class close_input : std::uint8_t {
  local_close,  ///< The application closes
  peer_close,   ///< The peer's Close frame has come
  violation,    ///< The peer broke the protocol
  peer_eof,     ///< The peer ended the stream, or it broke
  deadline,     ///< A deadline has passed, or the application has lost patience
};

/// What an input leads to.
struct close_step {
  close_state next = close_state::open;
  bool send_close = false;  ///< Queue a Close frame
  bool end_stream = false;  ///< End our side of the stream once the output is written

  friend constexpr bool operator==(const close_step&, const close_step&) = default;
};

/// The closing handshake as a table. Each Close frame is sent once, no state is left backwards, and
/// nothing leaves `ended`.
constexpr close_step next_step(role self, close_state from, close_input input) noexcept {
  using enum close_input;
  const bool server = self == role::server;
  // A server ends the stream first, so that TIME_WAIT falls on it: RFC 6455 §7.1.1.
  const close_step exchange{close_state::exchanged, from == close_state::open, server};
  const close_step stay{from};
  if (input == deadline) return {close_state::ended};
  switch (from) {
    case close_state::open:
      if (input == local_close) return {close_state::sent, true};
      [[fallthrough]];
    case close_state::sent:
      if (input == local_close) return stay;
      return input == peer_eof ? close_step{close_state::ended} : exchange;
    case close_state::exchanged:
      return input == peer_eof ? close_step{close_state::ended, false, !server} : stay;
    case close_state::ended: break;
  }
  return stay;
}

/// One side's closing handshake: a state and the table.
class close_machine {
 public:
  constexpr explicit close_machine(role self) noexcept : self_{self} {}

  constexpr close_state state() const noexcept { return state_; }

  constexpr close_step on(close_input input) noexcept {
    const auto step = next_step(self_, state_, input);
    state_ = step.next;
    return step;
  }

 private:
  role self_;
  close_state state_ = close_state::open;
};

}  // namespace hawser
