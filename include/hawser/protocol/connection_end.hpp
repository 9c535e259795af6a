// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/close_machine.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::detail {

/// How a connection ends: the closing handshake, the outcome that is reported once, and whether our
/// side of the stream is to be ended.
class connection_end {
 public:
  explicit connection_end(role own_role) noexcept : machine_{own_role} {}

  close_state state() const noexcept { return machine_.state(); }

  /// Whether frames can be sent.
  bool can_send() const noexcept { return state() == close_state::open && !output_error_; }

  /// Whether messages and control frames of the peer count: there is no outcome, and the peer has
  /// not sent a Close frame.
  bool is_receiving() const noexcept { return !has_outcome_ && state() < close_state::exchanged; }

  /// The application closes. Returns whether a Close frame is to be sent.
  bool close() noexcept {
    return !output_error_ && machine_.on(close_input::local_close).send_close;
  }

  /// Passes an input that may end the connection to the closing handshake; `outcome` is reported if
  /// it does. Returns whether the queued output, `queued` bytes, is to be dropped.
  bool on(close_input input, const closed& outcome, std::size_t queued) {
    const auto before = state();
    const auto step = machine_.on(input);
    if (step.end_stream) end_stream_ = !output_error_;
    const bool at_once = input == close_input::deadline || before < close_state::exchanged;
    const bool drops_output = step.next == close_state::ended && at_once;
    if (drops_output) end_stream_ = false;
    if (before < close_state::exchanged) {
      const auto dropped = outcome_.unsent + (drops_output ? queued : 0);
      outcome_ = outcome;
      outcome_.begun_by = origin(before, input);
      outcome_.unsent = dropped;
      has_outcome_ = true;
    }
    return drops_output;
  }

  /// The outcome, once.
  std::optional<event> take_outcome() {
    return std::exchange(has_outcome_, false) ? std::optional<event>{outcome_} : std::nullopt;
  }

  /// Writing has failed, so the stream is not ended by us, and `queued` bytes are dropped.
  void output_failed(std::error_code why, std::size_t queued) noexcept {
    outcome_.unsent += queued;
    if (!output_error_) output_error_ = why;
    end_stream_ = false;
  }

  /// The first error of a write, or none.
  std::error_code output_error() const noexcept { return output_error_; }

  /// The first error of a write, or `otherwise`.
  std::error_code cause(errc otherwise) const noexcept {
    return output_error_ ? output_error_ : make_error_code(otherwise);
  }

  /// Whether our side of the stream is to be ended once the output is written.
  bool ends_stream() const noexcept { return end_stream_; }
  void stream_ended() noexcept { end_stream_ = false; }

 private:
  close_origin origin(close_state before, close_input input) const noexcept {
    if (before != close_state::open) return close_origin::local;  // our Close frame
    const bool by_peer = input == close_input::peer_close || input == close_input::peer_eof;
    return by_peer || output_error_ ? close_origin::peer : close_origin::local;
  }

  closed outcome_;
  std::error_code output_error_;
  close_machine machine_;
  bool has_outcome_ = false;
  bool end_stream_ = false;
};

}  // namespace hawser::detail
