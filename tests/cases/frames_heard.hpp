// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// Reads the frames of an endpoint, strictly, without the library.
class frames_heard {
 public:
  /// Of an endpoint in that role.
  explicit frames_heard(role of) : masked_{of == role::client} {}

  void add(bytes_view some) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    buffer_.insert(buffer_.end(), some.begin(), some.end());
  }

  /// The next whole frame, unless it must not be sent: then fault() says why.
  std::optional<wire_frame> next() {
    const bytes_view rest = bytes_view{buffer_}.subspan(at_);
    if (!fault_.empty() || rest.size() < 2) return std::nullopt;
    const auto first = std::to_integer<unsigned>(rest[0]);
    const auto second = std::to_integer<unsigned>(rest[1]);
    const std::size_t extended = (second & 0x7F) < 126 ? 0 : (second & 0x7F) == 126 ? 2 : 8;
    const std::size_t start = 2 + extended + (masked_ ? 4 : 0);
    if (rest.size() < start) return std::nullopt;
    std::uint64_t length = extended == 0 ? second & 0x7F : 0;
    for (std::size_t i = 0; i < extended; ++i) {
      length = length << 8 | std::to_integer<std::uint64_t>(rest[2 + i]);
    }
    const bool control = (first & 8) != 0;
    if ((second >= 0x80) != masked_) fault_ = "the mask is wrong for the role";
    if (extended == 2 && length < 126) fault_ = "a length is not minimal";
    if (extended == 8 && length < 65'536) fault_ = "a length is not minimal";
    if (control && (length > 125 || first < 0x80))
      fault_ = "a control frame is too long or a fragment";
    if (!fault_.empty() || rest.size() - start < length) return std::nullopt;
    return cut(rest, first, start, static_cast<std::size_t>(length));
  }

  const std::string& fault() const { return fault_; }

 private:
  wire_frame cut(bytes_view rest, unsigned first, std::size_t start, std::size_t length) {
    wire_frame frame{
        static_cast<int>(first & 0xF), first >= 0x80, static_cast<int>(first >> 4 & 7), {}, {}};
    const auto payload = rest.subspan(start, length);
    frame.payload.assign(payload.begin(), payload.end());
    if (masked_) {
      const auto key = rest.subspan(start - 4, 4);
      frame.mask.assign(key.begin(), key.end());
      apply_key(frame.payload, key);
    }
    at_ += start + length;
    return frame;
  }

  bool masked_;
  octets buffer_;
  std::size_t at_ = 0;
  std::string fault_;
};

}  // namespace hawser::test
