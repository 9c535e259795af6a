// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection_end.hpp"
#include "hawser/protocol/connection_timers.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/protocol/owned_payload.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/protocol/sender.hpp"

namespace hawser::detail {

/// The output of a connection: queues messages as frames, until the closing handshake begins. Each
/// function that queues fails with message_unfinished or closed, and then queues nothing. A base of
/// basic_connection.
template <message_extension Extension, mask_source Masks>
class connection_output {
 public:
  /// Queues a text message. Fails with invalid_utf8, too.
  std::error_code send(std::string_view text) {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return send(message_view{message_kind::text, as_bytes(text)});
  }

  /// Queues a binary message.
  std::error_code send(binary_view binary) {
    return send(message_view{message_kind::binary, binary});
  }

  /// Queues a message. A text must be valid UTF-8, which is not checked.
  std::error_code send(message_view view) { return queue(view, view.payload); }

  /// Queues a text message; a long one is moved, not copied.
  template <std::same_as<std::string> Text>
  std::error_code send(Text&& text) {
    if (!is_valid_utf8(text)) return errc::invalid_utf8;
    return send(message_kind::text, owned_payload{std::move(text)});
  }

  /// Queues a binary message; a long one is moved, not copied.
  template <std::same_as<std::vector<std::byte>> Bytes>
  std::error_code send(Bytes&& binary) {
    return send(message_kind::binary, owned_payload{std::move(binary)});
  }

  /// Queues a message; a long one is moved, not copied. A text must be valid UTF-8, which is not checked.
  std::error_code send(message_kind kind, owned_payload payload, coding how = coding::agreed) {
    return queue({kind, payload.view(), how}, std::move(payload));
  }

  /// Queues a message that many connections share. A client copies it, because it must mask it.
  std::error_code send(const prepared_message& prepared) {
    if (prepared.error() != errc{}) return prepared.error();
    if (own_role_ == role::client) return send(prepared.view());
    if (!can_send()) return errc::closed;
    return queued(sender_.message(extension_, prepared));
  }

  /// Queues a fragment of a message: RFC 6455 §5.4. Until `part::last`, control frames can be sent
  /// but no other message. Text may be cut inside a code point; fails with invalid_utf8, too.
  std::error_code send_part(message_kind kind, binary_view payload, part position) {
    return send_part(message_view{kind, payload}, position);
  }

  /// The same. The first fragment decides whether the message is encoded.
  std::error_code send_part(message_view piece, part position) {
    if (!can_send()) return errc::closed;
    return queued(sender_.fragment(extension_, piece, position));
  }

  /// Bytes to write next; empty if there are none. Valid until consume_output() has taken all of
  /// them, so more can be queued while a write of them is pending.
  bytes_view output() noexcept { return sender_.output().front(); }

  /// Removes the first `count` bytes, which are written, from output().
  void consume_output(std::size_t count) {
    sender_.consume(count);
    timers_.written(buffered_bytes() == 0);
  }

  /// Reports that the peer has acknowledged output although the stream accepts no more. A driver
  /// that can observe this checks it before each advance(): while output waits, deadline() expires
  /// eight times per `write_timeout`.
  void output_moved() noexcept { timers_.output_moved(); }

  /// The number of bytes that wait to be written.
  std::size_t buffered_bytes() const noexcept { return sender_.output().size(); }

  /// Call this when a write has failed. Input that has arrived is still reported: the connection
  /// waits for the end of its input, for at most `close_timeout`.
  void output_failed(std::error_code why) {
    end_.output_failed(why, buffered_bytes());
    sender_.clear();
  }

  /// The first error passed to output_failed(), or none.
  std::error_code output_error() const noexcept { return end_.output_error(); }

  /// Reports that the sending side of the stream is ended, as wants() required.
  void output_ended() noexcept { end_.stream_ended(); }

  role own_role() const noexcept { return own_role_; }

 protected:
  connection_output(role own_role, const connection_options& options, Extension extension,
                    Masks masks)
      : extension_{std::move(extension)},
        sender_{own_role, std::move(masks), options.max_frame_size},
        timers_{options},
        end_{own_role},
        own_role_{own_role} {}

  bool can_send() const noexcept { return end_.can_send(); }

  [[no_unique_address]] Extension extension_;
  sender<Extension, Masks> sender_;
  connection_timers timers_;
  connection_end end_;
  role own_role_;

 private:
  template <class Payload>
  std::error_code queue(message_view view, Payload&& payload) {
    if (!can_send()) return errc::closed;
    return queued(sender_.message(extension_, view, std::forward<Payload>(payload)));
  }

  /// The result of a send. A refused send does not restart the idle timeout.
  std::error_code queued(errc refused) noexcept {
    if (refused != errc{}) return refused;
    timers_.message_queued();
    return {};
  }
};

}  // namespace hawser::detail
