// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hawser/base/handler_function.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// Named settings; docs/performance.md lists their costs.
enum class deflate_preset : std::uint8_t {
  low_memory,  ///< Nothing is kept between messages: an idle connection has no compression memory
  balanced,    ///< Contexts are kept, in small windows: the default
  fast,        ///< Contexts are kept, in small windows, with the least processor time
};

/// The options of permessage-deflate (RFC 7692). "Own" messages are those that this side sends. A
/// value outside of its range counts as the nearest end of the range.
struct deflate_options {
  /// The compression level, from 1 (fastest) to 9 (smallest output).
  int level = 5;

  /// From 1 to 9: a deflater uses 2^(memory_level + 9) bytes for it. More memory finds better matches.
  int memory_level = 5;

  /// The window for own messages, from 9 to 15 bits: a deflater uses 2^(bits + 2) bytes for it.
  /// Reduced if the peer requires a smaller one.
  int own_window_bits = 12;

  /// The window that the peer is asked to use, from 9 to 15 bits: an inflater uses 2^bits bytes for
  /// it. If the peer cannot be asked, or does not comply, the inflater uses the peer's window. Not
  /// set: a server asks for 12, a client for none.
  std::optional<int> peer_window_bits = {};

  /// Whether own messages may refer to earlier ones: smaller output, but the deflater is kept
  /// between messages.
  bool own_context_takeover = true;

  /// Whether the peer's messages may refer to earlier ones. If not, the peer is asked not to, and
  /// the inflater is not kept.
  bool peer_context_takeover = true;

  /// Messages shorter than this, in bytes, are sent uncompressed. Zero: none.
  std::size_t threshold = 1024;

  /// Called for each message that is long enough; returns whether to compress it. `size` is
  /// unknown_size for a message that is sent in fragments. Empty: all are compressed. Called on any
  /// thread; must not throw.
  handler_function<bool(message_kind kind, std::size_t size)> compress = {};
};

/// The options of a preset.
inline deflate_options options_of(deflate_preset preset) noexcept {
  deflate_options made;
  switch (preset) {
    case deflate_preset::low_memory:
      made.own_context_takeover = false;
      made.peer_context_takeover = false;
      break;
    case deflate_preset::balanced: break;
    case deflate_preset::fast: made.level = 1; break;
  }
  return made;
}

}  // namespace hawser
