// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "hawser/frame/opcode.hpp"

namespace hawser {

/// Settings with names; docs/performance.md has what each costs.
enum class deflate_preset : std::uint8_t {
  low_memory,  ///< Nothing is kept between messages: an idle connection has no compression memory
  balanced,    ///< Contexts are kept, in small windows: the default
  fast,        ///< Contexts are kept, in small windows, and little time is spent
};

/// How permessage-deflate (RFC 7692) is used. "Own" is what this side sends, "peer" what it receives.
/// Values outside of a range are taken as its nearest end.
struct deflate_options {
  /// From 1, the fastest, to 9, the smallest.
  int level = 5;

  /// From 1 to 9: a deflater has 2^(memory_level + 9) octets for it, and better matches.
  int memory_level = 5;

  /// The window of own messages, from 9 to 15: a deflater has 2^(bits + 2) octets for it. A peer that
  /// asks for a smaller one gets it.
  int own_window_bits = 12;

  /// The window that the peer is asked to keep to, from 9 to 15: an inflater has 2^bits octets for it.
  /// A peer that cannot be asked or cannot do it is served with what it uses. Not set: a server asks
  /// for 12, a client for nothing.
  std::optional<int> peer_window_bits = {};

  /// Whether own messages refer to those before: smaller, but the deflater is kept between them.
  bool own_context_takeover = true;

  /// Whether the peer's messages may: if not, it is asked not to, and the inflater is not kept.
  bool peer_context_takeover = true;

  /// Messages shorter than this are sent as they are.
  std::size_t threshold = 1024;

  /// Asked for each message that is long enough: whether to compress it. The size is unknown_size for
  /// what is sent in fragments. Empty: all of them. On any thread; it must not throw.
  std::function<bool(message_kind kind, std::size_t size)> compress = {};
};

/// The settings of that name.
inline deflate_options options_of(deflate_preset preset) {
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
