// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace hawser::detail {

/// What a TLS transport knows about its input.
enum class tls_input_phase : std::uint8_t {
  ready,    ///< The engine, or the stream below, may have more
  starved,  ///< The stream below must become ready first
  over,     ///< The peer has ended its side, or reading has failed
};

/// What a TLS transport can still send. No transition leads to an earlier phase.
enum class tls_output_phase : std::uint8_t {
  open,    ///< Anything
  ending,  ///< The output of the engine, and then the end of the stream below
  ended,   ///< Nothing: the stream below has been ended
};

/// The phases of both directions of a TLS transport, and their transitions.
class tls_transport_phases {
 public:
  constexpr tls_input_phase input() const noexcept { return input_; }
  constexpr tls_output_phase output() const noexcept { return output_; }

  /// The stream below has given input, or has none now. Has no effect after end_input().
  constexpr void input_arrived() noexcept { enter(tls_input_phase::ready); }
  constexpr void input_starved() noexcept { enter(tls_input_phase::starved); }

  constexpr void end_input() noexcept { input_ = tls_input_phase::over; }

  /// This side ends. Returns false if it has begun to end before.
  [[nodiscard]] constexpr bool begin_end() noexcept {
    return advance(tls_output_phase::open, tls_output_phase::ending);
  }

  /// All output is written. Returns true, once, if the stream below must be ended now.
  [[nodiscard]] constexpr bool output_written() noexcept {
    return advance(tls_output_phase::ending, tls_output_phase::ended);
  }

 private:
  constexpr void enter(tls_input_phase next) noexcept {
    if (input_ != tls_input_phase::over) input_ = next;
  }

  constexpr bool advance(tls_output_phase from, tls_output_phase next) noexcept {
    if (output_ != from) return false;
    output_ = next;
    return true;
  }

  tls_input_phase input_ = tls_input_phase::ready;
  tls_output_phase output_ = tls_output_phase::open;
};

}  // namespace hawser::detail
