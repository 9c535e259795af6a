// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <variant>

#include "support/peers.hpp"
#include "support/wire.hpp"
#include "support/wire_end.hpp"

namespace hawser::test {

/// A peer that, in each step(), echoes messages and sends the answers that the protocol requires.
class echo_peer {
 public:
  echo_peer(wire_end& far, role own_role) : far_{far}, peer_{own_role} {}

  test_connection<>& connection() { return peer_; }

  /// The messages it has received, and how its connection ended.
  const lines& notes() const { return notes_.lines(); }

  void step() {
    const auto& seen = far_.seen();
    byte_vector fresh{seen.begin() + static_cast<std::ptrdiff_t>(position_), seen.end()};
    position_ = seen.size();
    note(fresh);
    if (far_.over() && peer_.wants().read) {
      peer_.receive_end();
      note({});
    }
    far_.send(written_by(peer_));
    if (!peer_.wants().end_stream || far_.unsaid() != 0) return;
    far_.hang_up();
    peer_.output_ended();
  }

 private:
  void note(mutable_bytes input) {
    while (const auto happened = peer_.next(input)) {
      notes_.note(*happened);
      if (const auto* message = std::get_if<message_view>(&*happened)) (void)peer_.send(*message);
    }
  }

  wire_end& far_;
  test_connection<> peer_;
  diary notes_;
  std::size_t position_ = 0;
};

}  // namespace hawser::test
