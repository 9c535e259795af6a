// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/extension.hpp"

namespace hawser::test {

/// A message extension that is easy to read: payloads are runs, each a count from 1 to 255 and a
/// byte. It holds the last run back until the message ends, expands 2 bytes to 255, and can be cut
/// inside a pair, so it covers all cases of a real compression.
class run_length {
 public:
  run_length() = default;

  /// Messages shorter than `threshold` are sent as they are.
  explicit run_length(std::size_t threshold) noexcept : threshold_{threshold} {}

  std::uint8_t reserved_bits() const noexcept { return rsv1; }

  std::uint8_t begin_encoding(message_kind, std::size_t size) const noexcept {
    return size < threshold_ ? std::uint8_t{0} : rsv1;
  }

  void encode(bytes_view piece, part position, std::vector<std::byte>& encoded) {
    for (const auto byte : piece) {
      if (held_ == 255 || (held_ != 0 && byte != held_byte_)) release(encoded);
      held_byte_ = byte;
      ++held_;
    }
    if (position == part::last) release(encoded);
  }

  /// A count of zero is invalid, and so is a message that ends inside a pair.
  errc decode(bytes_view& in, mutable_bytes& out, part position) {
    while (true) {
      while (run_ != 0 && !out.empty()) {
        out[0] = run_byte_;
        out = out.subspan(1);
        --run_;
      }
      if (run_ != 0) return errc{};
      if (in.empty()) break;
      if (count_ == 0) {
        count_ = std::to_integer<std::uint8_t>(in[0]);
        if (count_ == 0) return errc::bad_extension_data;
      } else {
        run_byte_ = in[0];
        run_ = count_;
        count_ = 0;
      }
      in = in.subspan(1);
    }
    return position == part::last && count_ != 0 ? errc::bad_extension_data : errc{};
  }

 private:
  void release(std::vector<std::byte>& encoded) {
    if (held_ == 0) return;
    encoded.push_back(static_cast<std::byte>(held_));
    encoded.push_back(held_byte_);
    held_ = 0;
  }

  std::size_t threshold_ = 0;
  std::byte held_byte_{};
  unsigned held_ = 0;       // the length of the run that encode() has not written yet
  std::uint8_t count_ = 0;  // the count has been read, its byte has not
  std::byte run_byte_{};
  unsigned run_ = 0;  // the number of bytes that decode() still has to write
};

static_assert(message_extension<run_length>);

/// The runs of a payload.
inline std::vector<std::byte> run_length_of(bytes_view payload) {
  std::vector<std::byte> encoded;
  run_length{}.encode(payload, part::last, encoded);
  return encoded;
}

}  // namespace hawser::test
