// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <zlib.h>

#include "hawser/base/bytes.hpp"
#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/zlib_memory.hpp"
#include "hawser/protocol/extension.hpp"

namespace hawser {

/// Compresses messages: RFC 7692 §7.2.1. Each message may refer to the ones before it, until reset().
class deflater {
 public:
  struct settings {
    int level;
    int memory_level;
    int window_bits;

    bool operator==(const settings&) const = default;
  };

  /// The settings of a deflater for these options, if the peer allows a window of `allowed_bits`,
  /// at least min_window_bits.
  static settings settings_for(const deflate_options& options, int allowed_bits) noexcept {
    const auto own = std::clamp(options.own_window_bits, min_window_bits, max_window_bits);
    return {std::clamp(options.level, 1, 9), std::clamp(options.memory_level, 1, 9),
            (std::min)(own, allowed_bits)};
  }

  /// Returns null if memory allocation fails.
  static std::unique_ptr<deflater> make(const settings& wanted) noexcept {
    std::unique_ptr<deflater> made{new (std::nothrow) deflater{wanted}};
    if (!made) return nullptr;
    // Negative: without zlib's header and checksum.
    const auto result = deflateInit2(&made->stream_, wanted.level, Z_DEFLATED, -wanted.window_bits,
                                     wanted.memory_level, Z_DEFAULT_STRATEGY);
    return result == Z_OK ? std::move(made) : nullptr;
  }

  ~deflater() { deflateEnd(&stream_); }
  deflater(const deflater&) = delete;
  deflater& operator=(const deflater&) = delete;

  /// Appends the compressed bytes of a piece that are available; after the last piece, all of the message.
  void encode(bytes_view piece, part position, std::vector<std::byte>& encoded) {
    empty_ = empty_ && piece.empty();
    while (piece.size() > most_at_once) {
      run(piece.first(most_at_once), Z_NO_FLUSH, encoded);
      piece = piece.subspan(most_at_once);
    }
    if (position == part::more) return run(piece, Z_NO_FLUSH, encoded);
    if (std::exchange(empty_, true)) {
      // zlib does not flush twice in a row: RFC 7692 §7.2.3.6.
      encoded.push_back(std::byte{0});
      return;
    }
    run(piece, Z_SYNC_FLUSH, encoded);
    // Every message ends with the same four bytes, which are not sent: RFC 7692 §7.2.1.
    encoded.erase(encoded.end() - 4, encoded.end());
  }

  /// Removes the context: the next message refers to none before it.
  void reset() noexcept {
    deflateReset(&stream_);
    empty_ = true;
  }

  const settings& made_with() const noexcept { return settings_; }

 private:
  // zlib counts in an integer that may be smaller than a size. Small enough for a test to exceed it.
  static constexpr std::size_t most_at_once = std::size_t{1} << 24;
  static_assert(most_at_once <= (std::numeric_limits<uInt>::max)());

  explicit deflater(const settings& wanted) noexcept
      : stream_{detail::unused_zlib_stream()}, settings_{wanted} {}

  void run(bytes_view piece, int flush, std::vector<std::byte>& encoded) {
    // zlib does not write to its input.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    std::array<std::byte, 4096> buffer;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = static_cast<uInt>(buffer.size());
      deflate(&stream_, flush);
      const auto size = static_cast<std::ptrdiff_t>(buffer.size() - stream_.avail_out);
      encoded.insert(encoded.end(), buffer.begin(), buffer.begin() + size);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_;
  settings settings_;
  bool empty_ = true;  // the current message has no bytes yet
};

}  // namespace hawser
