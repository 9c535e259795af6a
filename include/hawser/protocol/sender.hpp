// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/control_payload.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/outbox.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser::detail {

/// Encodes messages as frames. A client masks each frame with a new key (RFC 6455 §5.3). Only
/// control frames come between the fragments of a message (§5.4).
template <message_extension Extension, mask_source Masks>
class sender {
 public:
  /// `max_frame_size`: see connection_options.
  sender(role own_role, Masks masks, std::size_t max_frame_size = 0)
      : masks_{std::move(masks)},
        max_frame_{max_frame_size == 0 ? unlimited : (std::max)(max_frame_size, least_frame)},
        own_role_{own_role} {}

  /// Queues a complete message. `Payload` is a bytes_view or an owned payload.
  template <class Payload>
  errc message(Extension& extension, message_view view, Payload&& payload) {
    if (open_) return errc::message_unfinished;
    const auto op = static_cast<opcode>(view.kind);
    const auto bits = begin_encoding(extension, view.kind, view.payload.size(), view.coding);
    if (bits == 0) {
      add(op, true, 0, std::forward<Payload>(payload));
      return errc{};
    }
    std::vector<std::byte> encoded;
    extension.encode(view.payload, part::last, encoded);
    add(op, true, bits, owned_payload{std::move(encoded)});
    return errc{};
  }

  /// Queues a complete message that many connections share, as a server sends it.
  errc message(Extension& extension, const prepared_message& prepared) {
    if (open_) return errc::message_unfinished;
    if constexpr (sharing_extension<Extension>) {
      auto frame =
          prepared.coding() == coding::agreed ? encoded_frame(extension, prepared) : nullptr;
      if (frame) {
        add_shared(frame);
        return errc{};
      }
    }
    add_shared(prepared.frame());
    return errc{};
  }

  /// Queues a fragment. The first one begins a message, `part::last` ends it.
  errc fragment(Extension& extension, message_view piece, part position) {
    const auto kind = piece.kind;
    auto payload = piece.payload;
    if (open_ && kind != kind_) return errc::message_unfinished;
    auto text = open_ ? text_ : utf8_validator{};
    const bool last = position == part::last;
    if (kind == message_kind::text && (!text.feed(payload) || (last && !text.complete()))) {
      return errc::invalid_utf8;
    }
    if (!open_) begin(extension, piece, last ? payload.size() : unknown_size);
    text_ = text;
    std::vector<std::byte> encoded;
    if (reserved_ != 0) {
      extension.encode(payload, position, encoded);
      payload = encoded;
      // The extension keeps the bytes for later: an empty frame would be useless to the peer.
      if (payload.empty() && !last) return errc{};
    }
    const auto op = std::exchange(begun_, true) ? opcode::continuation : static_cast<opcode>(kind);
    const auto bits = op == opcode::continuation ? std::uint8_t{0} : reserved_;
    add(op, last, bits, payload);
    open_ = !last;
    return errc{};
  }

  /// Queues a control frame. The caller has checked its payload.
  void control(opcode op, bytes_view payload) { add(op, true, 0, payload); }

  /// Answers a ping, before all queued frames. While the stream accepts nothing, only the newest
  /// answer is kept (RFC 6455 §5.5.3), so a flood of pings does not fill the memory.
  void pong(bytes_view payload) {
    if (!out_.lent()) return out_.add_next(header_of(opcode::pong, true, 0), payload);
    pong_ = std::make_unique<control_payload>();
    pong_->append(payload);
  }

  /// Queues a Close frame, the last frame: RFC 6455 §5.5.1.
  void close(std::optional<close_code> code, std::string_view reason) {
    // A ping that arrived before must be answered: RFC 6455 §5.5.2.
    send_kept_pong();
    control_payload payload;
    if (code) {
      std::array<std::byte, 2> bytes;
      store_big_endian(bytes, static_cast<std::uint16_t>(*code));
      payload.append(bytes);
      payload.append(as_bytes(reason));
    }
    control(opcode::close, payload.view());
  }

  void consume(std::size_t count) {
    out_.consume(count);
    if (!out_.lent()) send_kept_pong();
  }

  void clear() noexcept {
    pong_.reset();
    out_.clear();
  }

  /// How many bytes of memory the output occupies.
  std::size_t occupied() const noexcept { return out_.occupied(); }

  outbox& output() noexcept { return out_; }
  const outbox& output() const noexcept { return out_; }

 private:
  template <class Payload>
  void add(opcode op, bool fin, std::uint8_t reserved, Payload&& payload) {
    if (size_of(payload) > max_frame_) {
      const frame_header whole{
          .op = op, .fin = fin, .reserved = reserved, .masked = own_role_ == role::client};
      return out_.add_in_frames(whole, std::forward<Payload>(payload), max_frame_, masks_);
    }
    out_.add(header_of(op, fin, reserved), std::forward<Payload>(payload));
  }

  void add_shared(const outbox::shared_frame& frame) {
    if (frame->size() <= max_frame_) return out_.add(frame);
    frame_header header;
    decode(frame->view(), header);
    header.length > max_frame_ ? out_.add_in_frames(frame, max_frame_) : out_.add(frame);
  }

  frame_header header_of(opcode op, bool fin, std::uint8_t reserved) {
    frame_header header{
        .op = op, .fin = fin, .reserved = reserved, .masked = own_role_ == role::client};
    if (header.masked) header.mask = masks_();
    return header;
  }

  static std::size_t size_of(bytes_view payload) noexcept { return payload.size(); }
  static std::size_t size_of(const owned_payload& payload) noexcept {
    return payload.view().size();
  }

  void send_kept_pong() {
    const auto kept = std::exchange(pong_, nullptr);
    if (kept) out_.add_next(header_of(opcode::pong, true, 0), kept->view());
  }

  /// The frame of an encoded message, or null if the message is sent unencoded.
  outbox::shared_frame encoded_frame(Extension& extension, const prepared_message& prepared) {
    const auto key = extension.sharing_key();
    if (key == 0) return nullptr;
    const auto payload = prepared.payload();
    const auto bits = extension.begin_shared(prepared.kind(), payload.size());
    if (bits == 0) return nullptr;
    return prepared.encoded_frame(key, bits, [&](std::vector<std::byte>& encoded) {
      return extension.encode_shared(payload, encoded);
    });
  }

  static std::uint8_t begin_encoding(Extension& extension, message_kind kind, std::size_t size,
                                     coding how) {
    return how == coding::plain ? std::uint8_t{0} : extension.begin_encoding(kind, size);
  }

  void begin(Extension& extension, message_view first, std::size_t size) {
    reserved_ = begin_encoding(extension, first.kind, size, first.coding);
    kind_ = first.kind;
    open_ = true;
    begun_ = false;
  }

  static constexpr auto unlimited = static_cast<std::size_t>(-1);
  static constexpr std::size_t least_frame = 1024;

  outbox out_;
  std::unique_ptr<control_payload> pong_;
  [[no_unique_address]] Masks masks_;
  std::size_t max_frame_;
  role own_role_;
  message_kind kind_ = message_kind::text;
  std::uint8_t reserved_ = 0;
  utf8_validator text_;
  bool open_ = false;   // a fragmented message has begun
  bool begun_ = false;  // and its first frame is queued
};

}  // namespace hawser::detail
