// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#include <zlib.h>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/deflate/zlib_memory.hpp"
#include "hawser/protocol/extension.hpp"

namespace hawser {

/// Decompresses messages: RFC 7692 §7.2.2. Each message may refer to the ones before it, until reset().
///
/// The output, and any error, do not depend on how the input and the output memory are cut. One
/// exception: a peer that refers further back than its negotiated window. zlib detects that only if
/// the bytes are no longer in memory.
class inflater {
 public:
  struct settings {
    int window_bits;

    bool operator==(const settings&) const = default;
  };

  /// Returns null if memory allocation fails.
  static std::unique_ptr<inflater> make(const settings& wanted) noexcept {
    std::unique_ptr<inflater> made{new (std::nothrow) inflater{wanted}};
    if (!made) return nullptr;
    // Negative: without zlib's header and checksum.
    const auto result = inflateInit2(&made->stream_, -wanted.window_bits);
    return result == Z_OK ? std::move(made) : nullptr;
  }

  ~inflater() { inflateEnd(&stream_); }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;

  /// Decodes the rest of a piece as far as `out` has memory, and advances both. After part::last, the
  /// message is complete when `in` is empty and `out` is not; the next piece begins another message.
  errc decode(bytes_view& in, mutable_bytes& out, part position) noexcept {
    while (true) {
      // The bytes that end every message and are not sent: RFC 7692 §7.2.2.
      const bool at_end = in.empty() && position == part::last;
      if (at_end && ended_) return end_message();
      auto& source = at_end ? tail_ : in;
      const auto before = source.size();
      const auto result = run(source, out);
      if (source.size() != before) ended_ = false;
      if (result == Z_STREAM_END) {
        // A block marked as the last one, which has no meaning here: RFC 7692 §7.2.3.4. But it must
        // end inside the message, however much memory there was for its output.
        if (at_end && tail_.size() != tail_bytes.size()) return errc::bad_extension_data;
        inflateResetKeep(&stream_);
        ended_ = true;
        continue;
      }
      if (result == Z_MEM_ERROR) return errc::out_of_memory;
      if (result != Z_OK && result != Z_BUF_ERROR) return errc::bad_extension_data;
      if (out.empty()) return errc{};
      if (!source.empty()) return errc::bad_extension_data;
      if (at_end) return is_between_blocks() ? end_message() : errc::bad_extension_data;
      if (position == part::more) return errc{};
    }
  }

  /// Removes the context: the next message refers to none before it.
  void reset() noexcept {
    inflateReset(&stream_);
    end_message();
  }

  const settings& made_with() const noexcept { return settings_; }

 private:
  static constexpr std::array tail_bytes{std::byte{0x00}, std::byte{0x00}, std::byte{0xFF},
                                         std::byte{0xFF}};

  explicit inflater(const settings& wanted) noexcept
      : stream_{detail::unused_zlib_stream()}, settings_{wanted} {}

  int run(bytes_view& in, mutable_bytes& out) noexcept {
    constexpr std::size_t most = (std::numeric_limits<uInt>::max)();
    const auto given = static_cast<uInt>((std::min)(in.size(), most));
    const auto capacity = static_cast<uInt>((std::min)(out.size(), most));
    // zlib does not write to its input.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
    stream_.avail_in = given;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = capacity;
    const auto result = inflate(&stream_, Z_SYNC_FLUSH);
    in = in.subspan(given - stream_.avail_in);
    out = out.subspan(capacity - stream_.avail_out);
    return result;
  }

  /// zlib's data_type has a flag for the end of a block, and the number of unused bits of the last byte.
  bool is_between_blocks() const noexcept {
    return (stream_.data_type & 128) != 0 && (stream_.data_type & 63) == 0;
  }

  errc end_message() noexcept {
    tail_ = tail_bytes;
    ended_ = true;
    return errc{};
  }

  z_stream stream_;
  settings settings_;
  bytes_view tail_ = tail_bytes;
  bool ended_ = true;  // no input yet, or none after the end of a deflate stream
};

}  // namespace hawser
