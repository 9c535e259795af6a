// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// Whether an extension may encode a message.
enum class coding : std::uint8_t {
  agreed,  ///< As the extension's options decide
  plain,   ///< Never: the payload is sent unencoded
};

/// A complete message, as a view of memory that is owned elsewhere. The payload of a text is valid
/// UTF-8: a connection has checked it; if you make a view yourself, you must ensure it.
struct message_view {
  message_kind kind = message_kind::text;
  bytes_view payload = {};
  hawser::coding coding = hawser::coding::agreed;

  bool is_text() const noexcept { return kind == message_kind::text; }
  std::string_view text() const noexcept { return as_text(payload); }
};

/// A message that owns its payload.
struct message {
  message_kind kind = message_kind::text;
  std::vector<std::byte> payload;

  message() = default;
  explicit message(message_view view)
      : kind{view.kind}, payload{view.payload.begin(), view.payload.end()} {}

  bool is_text() const noexcept { return kind == message_kind::text; }
  std::string_view text() const& noexcept { return as_text(payload); }
  void text() const&& = delete;  // The view would outlive a temporary message.
  operator message_view() const noexcept { return {kind, payload}; }
};

/// A piece of a message, in the order of arrival. Each message has one part that is `first` and one
/// that is `last`, which may be the same and may be empty. Text may be cut inside a code point.
struct message_part {
  message_kind kind = message_kind::text;
  bytes_view payload;
  bool first = true;
  bool last = true;
};

/// The peer has sent a ping. The pong is already queued.
struct ping {
  bytes_view payload;
};

/// The peer has sent a pong.
struct pong {
  bytes_view payload;
  /// Set if this pong answers the last ping sent.
  std::optional<std::chrono::steady_clock::duration> round_trip = {};
};

/// One of the two sides of a connection.
enum class close_origin : std::uint8_t { local, peer };

/// How a connection ended. `reason` is valid as long as the connection object.
struct closed {
  /// The code of the peer's Close frame, or no_status; our own code if the peer broke the protocol;
  /// or abnormal if no Close frame was exchanged: RFC 6455 §7.1.5.
  close_code code = close_code::abnormal;
  std::string_view reason = {};
  /// Whether both sides have sent a Close frame: RFC 6455 §7.1.4.
  bool clean = false;
  /// Set unless `clean`. No error does not mean that the peer was content: see message().
  std::error_code error = {};
  /// The side that began: with the first Close frame, or without one by ending or breaking the stream. `local`
  /// also if this side gave up: after a timeout or because the peer broke the protocol.
  close_origin begun_by = close_origin::local;
  /// How many bytes of output were dropped, because the connection ended before they were written.
  std::size_t unsent = 0;

  /// The end in one line: the error, if there is one, the code and its meaning, the reason, with `?` for
  /// control characters, and how many bytes were dropped. `the connection is closed, code 1009 (message too big): 2 MiB at most`.
  std::string message() const {
    std::string text = error ? error.message() : std::string{describe(errc::closed)};
    const auto meaning = describe(code);
    text.append(", code ").append(std::to_string(static_cast<unsigned>(code)));
    if (!meaning.empty()) text.append(" (").append(meaning).append(")");
    if (!reason.empty()) text += ": ";
    for (const char c : reason) text += is_field_value_char(c) ? c : '?';
    if (unsent != 0) text.append(", ").append(std::to_string(unsent)).append(" bytes unsent");
    return text;
  }
};

/// The next event of a connection. Views in it are valid until the next call of next().
using event = std::variant<message_view, message_part, ping, pong, closed>;

}  // namespace hawser
