// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstdint>

namespace hawser {

/// The type of a frame: RFC 6455 §5.2. Other values are reserved, and refused by frame_reader.
enum class opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

/// Whether the opcode is that of a control frame, which has the top bit set: RFC 6455 §5.5.
constexpr bool is_control(opcode op) noexcept { return (static_cast<std::uint8_t>(op) & 0x8) != 0; }

/// Whether the opcode is reserved, that is, undefined: RFC 6455 §11.8.
constexpr bool is_reserved(opcode op) noexcept {
  return op > opcode::pong || (op > opcode::binary && op < opcode::close);
}

/// The side of a connection. Clients mask (RFC 6455 §5.1), servers end the stream first (§7.1.1).
enum class role : std::uint8_t { client, server };

/// The type of a message: RFC 6455 §5.6.
enum class message_kind : std::uint8_t { text = 1, binary = 2 };

}  // namespace hawser
