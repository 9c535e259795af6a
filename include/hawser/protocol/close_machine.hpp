// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include "hawser/frame/opcode.hpp"

namespace hawser {

/// The state of the closing handshake: RFC 6455 §7.1.
enum class close_state : std::uint8_t {
  open,       ///< No Close frame yet
  sent,       ///< Our Close frame is sent, the peer's has not arrived
  exchanged,  ///< The closing handshake is complete, the stream is still open
  ended,      ///< The stream has ended
};

/// The inputs of the closing handshake.
enum class close_input : std::uint8_t {
  local_close,  ///< The application closes
  peer_close,   ///< The peer's Close frame has arrived
  violation,    ///< The peer broke the protocol
  peer_eof,     ///< The peer ended the stream, or the stream failed
  deadline,     ///< A deadline has passed, or the application aborts
};

/// The transition for an input. 32: -
struct close_step {
  close_state next = close_state::open;
  bool send_close = false;  ///< Queue a Close frame
  bool end_stream = false;  ///< End our side of the stream once the output is written

  friend constexpr bool operator==(const close_step&, const close_step&) = default;
};

/// The closing handshake as a table. At most one Close frame is sent, no transition leads to an
/// earlier state, and none leaves `ended`.
constexpr close_step next_step(role own_role, close_state from, close_input input) noexcept {
  using enum close_input;
  const bool server = own_role == role::server;
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

/// The closing handshake of one side: a state and the table.
class close_machine {
 public:
  constexpr explicit close_machine(role own_role) noexcept : own_role_{own_role} {}

  constexpr close_state state() const noexcept { return state_; }

  constexpr close_step on(close_input input) noexcept {
    const auto step = next_step(own_role_, state_, input);
    state_ = step.next;
    return step;
  }

 private:
  role own_role_;
  close_state state_ = close_state::open;
};

}  // namespace hawser
