// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/frame/writer.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/shared_encodings.hpp"

namespace hawser {

/// A message for many connections. Its frame is encoded once, as a server sends it, and shared; so
/// is its form by a sharing_extension, once per key. Cheap to copy. Any number of threads may use
/// copies of one message.
class prepared_message {
 public:
  /// A binary message, copied from `binary`. Throws std::bad_alloc.
  explicit prepared_message(binary_view binary)
      : prepared_message{message_view{message_kind::binary, binary}} {}

  /// A text message, copied from `text`. If that is not valid UTF-8, error() says so and every send fails.
  explicit prepared_message(std::string_view text)
      : prepared_message{message_view{message_kind::text, as_bytes(text)}} {
    valid_ = is_valid_utf8(text);
  }

  /// A message copied from `view`. A text must be valid UTF-8, which is not checked.
  explicit prepared_message(message_view view) : kind_{view.kind}, coding_{view.coding} {
    auto frame = std::make_shared<byte_buffer>();
    append_frame(*frame, {.op = static_cast<opcode>(view.kind)}, view.payload);
    header_size_ = frame->size() - view.payload.size();
    frame_ = std::move(frame);
  }

  message_kind kind() const noexcept { return kind_; }
  hawser::coding coding() const noexcept { return coding_; }
  errc error() const noexcept { return valid_ ? errc{} : errc::invalid_utf8; }

  /// The message. Valid as long as any copy of this object.
  message_view view() const noexcept { return {kind_, payload(), coding_}; }
  bytes_view payload() const noexcept { return frame_->view().subspan(header_size_); }

  /// The complete frame, unmasked.
  const std::shared_ptr<const byte_buffer>& frame() const noexcept { return frame_; }

  /// The complete frame with the payload that `encode(std::vector<std::byte>&)` makes of this one,
  /// and with these reserved bits; null if `encode` returns false. `encode` is called once per key.
  template <class Encode>
  std::shared_ptr<const byte_buffer> encoded_frame(std::uint64_t key, std::uint8_t bits,
                                                   Encode encode) const {
    return encodings_->find_or_make(key, [&]() -> std::shared_ptr<const byte_buffer> {
      std::vector<std::byte> encoded;
      if (!encode(encoded)) return nullptr;
      auto frame = std::make_shared<byte_buffer>();
      append_frame(*frame, {.op = static_cast<opcode>(kind_), .reserved = bits}, encoded);
      return frame;
    });
  }

 private:
  std::shared_ptr<const byte_buffer> frame_;
  std::shared_ptr<shared_encodings> encodings_ = std::make_shared<shared_encodings>();
  std::size_t header_size_ = 0;
  message_kind kind_;
  hawser::coding coding_;
  bool valid_ = true;
};

}  // namespace hawser
