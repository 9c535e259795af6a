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

/// A message for many connections: its frame is made once, as a server sends it, and shared by all of
/// them; so is what a sharing_extension makes of it, once for each key. Cheap to copy; any number of
/// threads may use copies of one.
class prepared_message {
 public:
  /// Binary.
  explicit prepared_message(bytes_view binary)
      : prepared_message{message_view{message_kind::binary, binary}} {}

  /// Text, if it is valid; otherwise nothing is ever sent of it: error() says so.
  explicit prepared_message(std::string_view text)
      : prepared_message{message_view{message_kind::text, as_bytes(text)}} {
    valid_ = is_valid_utf8(text);
  }

  /// A view promises that its text is valid.
  explicit prepared_message(message_view view) : kind_{view.kind}, coding_{view.coding} {
    auto frame = std::make_shared<byte_buffer>();
    append_frame(*frame, {.op = static_cast<opcode>(view.kind)}, view.payload);
    header_size_ = frame->size() - view.payload.size();
    frame_ = std::move(frame);
  }

  message_kind kind() const noexcept { return kind_; }
  hawser::coding coding() const noexcept { return coding_; }
  errc error() const noexcept { return valid_ ? errc{} : errc::invalid_utf8; }

  /// Lives as long as a copy of this does.
  message_view view() const noexcept { return {kind_, payload(), coding_}; }
  bytes_view payload() const noexcept { return frame_->view().subspan(header_size_); }

  /// The whole frame, unmasked.
  const std::shared_ptr<const byte_buffer>& frame() const noexcept { return frame_; }

  /// The whole frame with the payload that `encode(std::vector<std::byte>&)` makes of this one, and
  /// with these reserved bits; null if that returns false. It is called once for each key.
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
