// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/deflate/extension.hpp"
#include "hawser/deflate/parameters.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/extension.hpp"
#include "simulation/census.hpp"

namespace hawser::test {

/// A deflate_extension that counts how its messages are encoded and decoded.
class watched_deflate {
 public:
  watched_deflate(deflate_extension held, census& seen, bool keeps_context, std::size_t threshold)
      : held_{std::move(held)},
        seen_{&seen},
        threshold_{threshold},
        keeps_context_{keeps_context} {}

  std::uint8_t reserved_bits() const noexcept { return held_.reserved_bits(); }

  std::uint8_t begin_encoding(message_kind kind, std::size_t size) {
    const auto bits = held_.begin_encoding(kind, size);
    if (bits == 0) return note_plain(size), bits;
    if (std::exchange(stale_, false)) {
      seen_->note(rarity::context_reset);
    } else if (std::exchange(has_context_, keeps_context_)) {
      seen_->note(rarity::context_kept);
    } else {
      seen_->note(rarity::context_dropped);
    }
    return bits;
  }

  void encode(bytes_view piece, part position, std::vector<std::byte>& encoded) {
    held_.encode(piece, position, encoded);
  }

  errc decode(bytes_view& in, mutable_bytes& out, part position) {
    if (position == part::more && !in.empty()) seen_->note(rarity::cut_while_inflating);
    return held_.decode(in, out, position);
  }

  std::uint64_t sharing_key() const noexcept { return held_.sharing_key(); }

  std::uint8_t begin_shared(message_kind kind, std::size_t size) {
    const auto bits = held_.begin_shared(kind, size);
    if (bits == 0) return note_plain(size), bits;
    stale_ = has_context_;
    seen_->note(rarity::broadcast_shared);
    return bits;
  }

  bool encode_shared(bytes_view payload, std::vector<std::byte>& encoded) {
    seen_->note(rarity::broadcast_encoded);
    return held_.encode_shared(payload, encoded);
  }

 private:
  void note_plain(std::size_t size) {
    seen_->note(size < threshold_ ? rarity::plain_by_threshold : rarity::plain_by_policy);
  }

  deflate_extension held_;
  census* seen_;
  std::size_t threshold_;
  bool keeps_context_;
  bool has_context_ = false;
  bool stale_ = false;
};

static_assert(sharing_extension<watched_deflate>);

/// permessage_deflate whose extensions are watched.
class watched_negotiator {
 public:
  watched_negotiator(permessage_deflate known, census& seen)
      : known_{std::move(known)}, seen_{&seen} {}

  std::string offer() const { return known_.offer(); }
  std::string answer(const extension_list& offers) const { return known_.answer(offers); }
  bool accepts(const extension_list& answer) const { return known_.accepts(answer); }

  any_extension make(role own_role, const extension_list& answer) const {
    for (const auto& element : answer) {
      const auto given = decode_deflate_answer(element);
      if (!given) continue;
      const auto own = deflate_direction_of(*given, own_role);
      if (own.window_bits == min_window_bits) seen_->note(rarity::small_window);
      const auto& options = known_.options();
      return watched_deflate{known_.extension(own_role, *given), *seen_,
                             own.context_takeover && options.own_context_takeover,
                             options.threshold};
    }
    return {};
  }

 private:
  permessage_deflate known_;
  census* seen_;
};

}  // namespace hawser::test
