// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/deflate/deflater.hpp"
#include "hawser/deflate/inflater.hpp"
#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/thread_streams.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/extension.hpp"

namespace hawser {

/// permessage-deflate for one connection: a message_extension for RFC 7692. It creates a deflater
/// for the first message that it compresses, and keeps it between messages only if there is a
/// context to keep; the same holds for the inflater.
///
/// If memory for a deflater cannot be allocated, messages are sent uncompressed.
class deflate_extension {
 public:
  /// `own` is the result of the negotiation for sent messages, `peer` for received ones.
  deflate_extension(deflate_direction own, deflate_direction peer,
                    std::shared_ptr<const deflate_options> options)
      : options_{std::move(options)},
        deflating_{deflater::settings_for(*options_, own.window_bits)},
        // Old versions of zlib use a window of 9 bits for 8.
        inflating_{(std::max)(peer.window_bits, min_window_bits)},
        own_takeover_{own.context_takeover && options_->own_context_takeover},
        peer_takeover_{peer.context_takeover} {}

  std::uint8_t reserved_bits() const noexcept { return rsv1; }

  std::uint8_t begin_encoding(message_kind kind, std::size_t size) {
    if (!compresses(kind, size)) return 0;
    if (!deflater_) deflater_ = new_deflater();
    if (!deflater_) return 0;
    if (std::exchange(stale_, false)) deflater_->reset();
    return rsv1;
  }

  void encode(bytes_view piece, part position, std::vector<std::byte>& encoded) {
    deflater_->encode(piece, position, encoded);
    if (position == part::last && !own_takeover_) {
      thread_streams<deflater>::give(std::move(deflater_));
    }
  }

  errc decode(bytes_view& in, mutable_bytes& out, part position) noexcept {
    if (!inflater_) inflater_ = new_inflater();
    if (!inflater_) return errc::out_of_memory;
    const auto error = inflater_->decode(in, out, position);
    const bool over = position == part::last && in.empty() && !out.empty();
    if (over && !peer_takeover_) thread_streams<inflater>::give(std::move(inflater_));
    return error;
  }

  /// Messages with equal settings are compressed alike. The upper bytes spell "deflat".
  std::uint64_t sharing_key() const noexcept {
    constexpr std::uint64_t ours = 0x6465'666C'6174'0000;
    return ours | static_cast<std::uint64_t>(deflating_.window_bits << 8 | deflating_.level << 4 |
                                             deflating_.memory_level);
  }

  std::uint8_t begin_shared(message_kind kind, std::size_t size) {
    if (!compresses(kind, size)) return 0;
    // The peer's window gets this message, but not the deflater's. A message need not refer to
    // earlier ones, but must refer to what the window contains: RFC 7692 §7.1.1.
    stale_ = deflater_ != nullptr;
    return rsv1;
  }

  bool encode_shared(bytes_view payload, std::vector<std::byte>& encoded) {
    auto fresh = thread_streams<deflater>::take(deflating_);
    if (!fresh) return false;
    fresh->encode(payload, part::last, encoded);
    thread_streams<deflater>::give(std::move(fresh));
    return true;
  }

 private:
  bool compresses(message_kind kind, std::size_t size) const {
    return size >= options_->threshold && deflating_.window_bits >= min_window_bits &&
           (!options_->compress || options_->compress(kind, size));
  }

  std::unique_ptr<deflater> new_deflater() const noexcept {
    return own_takeover_ ? deflater::make(deflating_) : thread_streams<deflater>::take(deflating_);
  }

  std::unique_ptr<inflater> new_inflater() const noexcept {
    return peer_takeover_ ? inflater::make(inflating_) : thread_streams<inflater>::take(inflating_);
  }

  std::shared_ptr<const deflate_options> options_;
  std::unique_ptr<deflater> deflater_;
  std::unique_ptr<inflater> inflater_;
  deflater::settings deflating_;
  inflater::settings inflating_;
  bool own_takeover_;
  bool peer_takeover_;
  bool stale_ = false;  // the peer's window differs from the deflater's
};

static_assert(sharing_extension<deflate_extension>);

}  // namespace hawser
