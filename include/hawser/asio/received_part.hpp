// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser {

/// A piece of a message that owns its payload, whose memory is used again by the next read. Text
/// may be cut inside a code point.
struct received_part {
  message_kind kind = message_kind::text;
  std::vector<std::byte> payload;
  bool first = true;
  bool last = true;

  bool is_text() const noexcept { return kind == message_kind::text; }
  std::string_view text() const& noexcept { return as_text(payload); }
  void text() const&& = delete;  // The view would outlive a temporary part.
  operator message_part() const noexcept { return {kind, payload, first, last}; }
};

}  // namespace hawser
