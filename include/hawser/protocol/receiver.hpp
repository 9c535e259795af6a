// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/frame/assembler.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/frame/reader.hpp"
#include "hawser/protocol/control_payload.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/protocol/turn_budget.hpp"

namespace hawser::detail {

/// A complete control frame.
struct control_frame {
  opcode op;
  bytes_view payload;
};

/// The result of some input: nothing yet, a message, a part, a control frame, or an error.
using reception = std::variant<std::monostate, message_view, message_part, control_frame, errc>;

/// Assembles frames into messages and control frames. What is complete in the input is reported as
/// a view of it; what is cut or fragmented is stored; what is encoded is decoded.
template <message_extension Extension>
class receiver {
 public:
  receiver(role own_role, const connection_options& options, std::uint8_t reserved)
      : reader_{own_role, reserved},
        assembler_{max_message_size(options, own_role), limit_of(options.max_frames)},
        turn_limits_{options.turn} {
    const auto& size = options.max_message_size_in_parts;
    const auto& frames = options.max_frames_in_parts;
    other_size_ = size ? limit_of(*size) : max_message_size(options, own_role);
    other_frames_ = limit_of(frames.value_or(options.max_frames));
    deliver(options.deliver);
  }

  /// Begins a turn: next() and next_control() then stop at the limits of a turn. Before the first
  /// call there are no limits.
  void begin_turn() noexcept { turn_.begin(turn_limits_); }

  /// Whether the last call of next() or next_control() returned nothing because the limits of the
  /// turn were reached: input is left, or the extension has more to decode.
  bool has_more_work() const noexcept { return has_more_work_; }

  /// Takes bytes from the front of `input` until something is complete or `input` is empty.
  reception next(Extension& extension, mutable_bytes& input) {
    return take(extension, input, true);
  }

  /// The same, but discards data frames, and does not invalidate the last result of next().
  reception next_control(Extension& extension, mutable_bytes& input) {
    decoding_ = false;
    assembler_.abandon();
    return take(extension, input, false);
  }

  /// The same, but stops before a data frame, and drops nothing.
  reception next_control_frame(Extension& extension, mutable_bytes& input) {
    while (!decoding_ && !input.empty() && reader_.is_control_next(input)) {
      auto result = step(extension, input, true);
      if (result.index() != 0) return result;
    }
    return {};
  }

  /// Whether `unread`, which is input that was not taken yet, has a Close frame, or a frame that is
  /// refused.
  bool close_follows(bytes_view unread) const {
    auto reader = reader_;
    std::vector<std::byte> copy{unread.begin(), unread.end()};
    for (mutable_bytes rest{copy}; !rest.empty();) {
      const auto status = reader.read_header(rest);
      if (status == frame_reader::status::need_more) return false;
      if (status == frame_reader::status::failed || reader.header().op == opcode::close)
        return true;
      reader.take_payload(rest);
      if (reader.at_end()) reader.end_frame();
    }
    return false;
  }

  /// Changes how messages are reported. Inside a message, the stored beginning becomes the next
  /// part, and the rest after some parts is reported as a message.
  void deliver(delivery how) noexcept {
    if (std::exchange(deliver_, how) != how) assembler_.swap_limits(other_size_, other_frames_);
  }

  /// Invalidates the last reported message.
  void release() noexcept {
    if (std::exchange(delivered_, false)) assembler_.clear();
  }

  /// Whether the input could end here without cutting a frame or a message.
  bool between_messages() const noexcept { return reader_.between_frames() && !assembler_.open(); }

  /// Whether a message has begun and is not complete.
  bool in_message() const noexcept { return assembler_.open(); }

  /// Whether a message has begun, or bytes of its payload have arrived, since the last call.
  bool take_progress() noexcept { return std::exchange(progressed_, false); }

  /// Forgets an unfinished message; what was handed over stays.
  void drop() noexcept {
    decoding_ = false;
    assembler_.abandon();
    if (!delivered_) assembler_.clear();
  }

  /// How many bytes of memory a message that is cut, fragmented or encoded occupies.
  std::size_t occupied() const noexcept { return assembler_.occupied(); }

 private:
  static constexpr std::size_t decode_chunk = 4096;

  reception take(Extension& extension, mutable_bytes& input, bool keep_data) {
    while (!turn_.used_up()) {
      auto result = step(extension, input, keep_data);
      if (result.index() != 0) {
        turn_.spend_event();
        return result;
      }
      if (input.empty() && !decoding_) break;
    }
    has_more_work_ = !input.empty() || decoding_;
    return {};
  }

  reception step(Extension& extension, mutable_bytes& input, bool keep_data) {
    if (decoding_) return decode_piece(extension, {}, input);
    const bool begins = !reader_.in_frame();
    const auto status = reader_.read_header(input);
    if (status == frame_reader::status::failed) return reader_.error();
    if (status == frame_reader::status::need_more) return {};
    if (is_control(reader_.header().op)) return control(input, begins);
    if (!keep_data) {
      reader_.take_payload(input);
      if (reader_.at_end()) reader_.end_frame();
      return {};
    }
    if (begins) {
      if (const auto error = assembler_.begin_frame(reader_.header()); error != errc{})
        return error;
      progressed_ |= reader_.header().op != opcode::continuation;
    }
    progressed_ |= !input.empty() && !reader_.at_end();
    if (assembler_.reserved() == 0) return plain_piece(reader_.take_payload(input));
    // Bytes that do not fit into a part are put back, so take at most as many as one part.
    const bool all = deliver_ == delivery::messages || input.size() < decode_chunk;
    auto some = all ? input : input.first(decode_chunk);
    const auto payload = reader_.take_payload(some);
    input = input.subspan(payload.size());
    return decode_piece(extension, payload, input);
  }

  reception control(mutable_bytes& input, bool begins) {
    const auto op = reader_.header().op;
    bytes_view payload = reader_.take_payload(input);
    const bool whole = begins && reader_.at_end();
    // The reason of a Close frame is valid as long as the connection.
    if (!whole || op == opcode::close) payload = stored_control(payload, begins);
    if (!reader_.at_end()) return {};
    reader_.end_frame();
    return control_frame{op, payload};
  }

  bytes_view stored_control(bytes_view piece, bool begins) {
    if (begins) control_ = std::make_unique<control_payload>();
    control_->append(piece);
    return control_->view();
  }

  reception plain_piece(bytes_view payload) {
    const bool last = reader_.at_end() && reader_.header().fin;
    if (reader_.at_end()) reader_.end_frame();
    if (const auto error = assembler_.count(payload, last); error != errc{}) return error;
    const bool in_place = assembler_.stored().empty();
    if (deliver_ == delivery::parts && in_place) return part_of(payload, last);
    if (last && in_place) return message_view{assembler_.kind(), payload};
    assembler_.store(payload);
    if (deliver_ == delivery::parts) return stored_part(last);
    return last ? stored_message() : reception{};
  }

  /// Decodes a piece, at most as much as one part and the turn allow. The rest returns to the
  /// input, whose memory may be elsewhere in the next call.
  reception decode_piece(Extension& extension, mutable_bytes payload, mutable_bytes& input) {
    const bool message_ends = reader_.at_end() && reader_.header().fin;
    bytes_view encoded = payload;
    do {
      // One byte more than the limit, so that a message that is too large is detected early.
      const auto size = (std::min<std::uint64_t>)(assembler_.remaining(), decode_chunk - 1) + 1;
      const auto storage = assembler_.grow(static_cast<std::size_t>(size));
      auto out = storage;
      // The encoded payload within the limit is decoded and checked before the rest is refused.
      const auto allowed =
          (std::min<std::uint64_t>)(assembler_.encoded_remaining(), encoded.size());
      const bool all = allowed == encoded.size();
      auto some = encoded.first(static_cast<std::size_t>(allowed));
      auto error = extension.decode(some, out, all && message_ends ? part::last : part::more);
      const auto piece = assembler_.keep(storage.size() - out.size());
      const auto used = static_cast<std::size_t>(allowed) - some.size();
      assembler_.count_encoded(used);
      encoded = encoded.subspan(used);
      decoding_ = !encoded.empty() || out.empty();
      if (error == errc{} && decoding_ && piece.empty() && used == 0) {
        error = all ? errc::bad_extension_data : errc::message_too_big;
      }
      const bool last = error == errc{} && !decoding_ && message_ends;
      // Bytes that were decoded are checked before the error of those that could not be.
      if (const auto wrong = assembler_.count(piece, last); wrong != errc{}) return wrong;
      if (error != errc{}) return error;
      turn_.spend_bytes(piece.size());
      if (!decoding_ && reader_.at_end()) reader_.end_frame();
      if (deliver_ == delivery::messages && last) return stored_message();
      if (deliver_ == delivery::parts && (last || !piece.empty())) {
        put_back(payload.last(encoded.size()), input);
        return stored_part(last);
      }
      if (decoding_ && turn_.used_up()) {
        put_back(payload.last(encoded.size()), input);
        return {};
      }
    } while (decoding_);
    return {};
  }

  void put_back(mutable_bytes rest, mutable_bytes& input) noexcept {
    if (rest.empty()) return;
    reader_.put_back(rest, input);
    decoding_ = false;  // the rest is input again
  }

  reception part_of(bytes_view payload, bool last) {
    if (payload.empty() && !last) return {};
    return message_part{assembler_.kind(), payload, assembler_.take_first(), last};
  }

  reception stored_part(bool last) {
    delivered_ = true;
    return part_of(assembler_.stored(), last);
  }

  reception stored_message() {
    delivered_ = true;
    return message_view{assembler_.kind(), assembler_.stored()};
  }

  frame_reader reader_;
  assembler assembler_;
  std::unique_ptr<control_payload> control_;  // of the last control frame that was cut, or of Close
  turn_limits turn_limits_;
  turn_budget turn_;
  std::uint64_t other_size_;  // the limits of the delivery that is not used
  std::uint64_t other_frames_;
  delivery deliver_ = delivery::messages;
  bool decoding_ = false;  // the extension needs more memory
  bool delivered_ = false;
  bool has_more_work_ = false;
  bool progressed_ = false;  // since take_progress()
};

}  // namespace hawser::detail
