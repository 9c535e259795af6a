// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/transport/blocking/scope_guards.hpp"

namespace hawser {

/// A message that is sent in fragments, made by websocket::begin_message(). Must not outlive the
/// websocket. If it is destroyed unfinished, the connection is closed with 1011, because sent
/// fragments cannot be withdrawn; not after write() has failed with closed.
template <class Driver>
class [[nodiscard]] outgoing_message {
 public:
  /// Waits until no other thread is sending a message, or until the connection has ended.
  outgoing_message(Driver& driver, message_kind kind, coding how = coding::agreed)
      : kind_{kind}, coding_{how} {
    if (const auto ec = driver.open_message()) {
      refusal_ = ec;
    } else {
      driver_ = &driver;
    }
  }

  outgoing_message(outgoing_message&& other) noexcept
      : driver_{std::exchange(other.driver_, nullptr)},
        refusal_{other.refusal_},
        kind_{other.kind_},
        coding_{other.coding_},
        begun_{other.begun_} {}
  outgoing_message& operator=(outgoing_message&&) = delete;

  ~outgoing_message() {
    if (driver_ == nullptr) return;
    constexpr std::string_view why = "a message was not finished";
    // Close before other threads may send: their messages must not follow an unfinished one.
    if (begun_) driver_->begin_close(close_code::internal_error, why);
    driver_->close_message();
    if (begun_) driver_->close(close_code::internal_error, why);
  }

  /// Sends a fragment, and returns when the stream has accepted it. Text may be cut inside a code
  /// point. Fails with message_unfinished if this thread is already sending another message.
  std::error_code write(binary_view piece) { return send(piece, part::more); }
  std::error_code write(std::string_view piece) { return send(as_bytes(piece), part::more); }

  /// Ends the message, optionally with a last fragment. Nothing can be written afterwards.
  std::error_code finish(binary_view piece = {}) {
    const auto ec = send(piece, part::last);
    if (ec != errc::invalid_utf8 && driver_ != nullptr) {
      std::exchange(driver_, nullptr)->close_message();
    }
    return ec;
  }
  std::error_code finish(std::string_view piece) { return finish(as_bytes(piece)); }

 private:
  std::error_code send(bytes_view piece, part position) {
    if (driver_ == nullptr) return refusal_;
    const auto ec = driver_->write(
        [&](auto& peer) {
          return peer.send_part({kind_, piece, coding_}, position);
        },
        detail::sends::fragment);
    if (!ec) begun_ = true;
    // Then the closing handshake is under way: messages that arrived before it can still be read.
    if (ec == errc::closed) begun_ = false;
    return ec;
  }

  Driver* driver_ = nullptr;
  std::error_code refusal_ = errc::closed;
  message_kind kind_;
  coding coding_;
  bool begun_ = false;
};

}  // namespace hawser
