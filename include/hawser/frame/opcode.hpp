// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstdint>

namespace hawser {

/// What a frame is: RFC 6455 §5.2. Other values are reserved and never get past the reader.
enum class opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

/// Control frames are the opcodes with the top bit set: RFC 6455 §5.5.
constexpr bool is_control(opcode op) noexcept { return (static_cast<std::uint8_t>(op) & 0x8) != 0; }

/// Whether RFC 6455 §11.8 leaves the opcode without a meaning.
constexpr bool is_reserved(opcode op) noexcept {
  return op > opcode::pong || (op > opcode::binary && op < opcode::close);
}

/// Which side of the connection this is: it decides who masks (RFC 6455 §5.1) and who ends the
/// stream first (§7.1.1).
enum class role : std::uint8_t { client, server };

/// What a message holds: RFC 6455 §5.6.
enum class message_kind : std::uint8_t { text = 1, binary = 2 };

}  // namespace hawser
