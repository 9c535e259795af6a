// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// Parses the frames of an endpoint and detects every fault in them.
class received_frames {
 public:
  /// For an endpoint in that role.
  explicit received_frames(role of) : masked_{of == role::client} {}

  void add(bytes_view some) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    buffer_.insert(buffer_.end(), some.begin(), some.end());
  }

  /// The next whole frame. None if it is invalid: then fault() is the reason.
  std::optional<wire_frame> next() {
    const auto before = bytes_view{buffer_}.subspan(at_);
    auto rest = before;
    auto frame = take_frame(rest);
    if (!frame || !fault_.empty()) return std::nullopt;
    const auto size = before.size() - rest.size();
    at_ += size;
    fault_ = fault_of(*frame, size);
    return fault_.empty() ? std::move(frame) : std::nullopt;
  }

  const std::string& fault() const { return fault_; }

 private:
  std::string fault_of(const wire_frame& frame, std::size_t size) const {
    const auto from = masked_ ? role::client : role::server;
    const auto least = header_from(from, frame.op, frame.payload.size()).size();
    if (frame.mask.empty() == masked_) return "the mask is wrong for the role";
    if (size != least + frame.payload.size()) return "a length is not minimal";
    if (frame.op >= 8 && (frame.payload.size() > 125 || !frame.end)) {
      return "a control frame is too long or a fragment";
    }
    return {};
  }

  bool masked_;
  byte_vector buffer_;
  std::size_t at_ = 0;
  std::string fault_;
};

}  // namespace hawser::test
