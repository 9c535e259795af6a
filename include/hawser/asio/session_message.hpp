// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/awaitable.hpp>

#include "hawser/asio/session/session_state.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"

namespace hawser {

/// A message that a coroutine sends in fragments, made by session::begin_message(). Until it is finished, other
/// messages of the session fail with errc::message_unfinished. All calls must be made on the session's
/// executor. If it is destroyed unfinished, the connection is closed with 1011, because sent fragments
/// cannot be withdrawn.
template <class Session>
class [[nodiscard]] session_message {
 public:
  session_message(Session peer, std::shared_ptr<detail::session_state> state, message_kind kind,
                  coding how)
      : peer_{std::move(peer)}, state_{std::move(state)}, kind_{kind}, coding_{how} {}
  session_message(session_message&& other) noexcept
      : peer_{std::move(other.peer_)},
        state_{std::move(other.state_)},
        kind_{other.kind_},
        coding_{other.coding_},
        begun_{std::exchange(other.begun_, false)} {}
  session_message& operator=(session_message&&) = delete;

  ~session_message() {
    if (begun_) peer_.close(close_code::internal_error, "a message was not finished");
  }

  /// Sends a piece of any size, in fragments of at most half of send_budget::high. Waits before each fragment
  /// until the queued output is at most as large, so the message needs no more memory than that, whatever its
  /// size. `piece` must stay valid until the end of the wait. Fails with errc::closed when the connection
  /// closes, and with errc::invalid_utf8. Text may be cut inside a code point.
  asio::awaitable<std::error_code> write(binary_view piece) {
    while (!piece.empty()) {
      const auto some = piece.first((std::min)(piece.size(), part_size()));
      const auto ec = co_await send(some, part::more);
      if (ec) co_return ec;
      piece = piece.subspan(some.size());
    }
    co_return std::error_code{};
  }
  asio::awaitable<std::error_code> write(std::string_view piece) { return write(as_bytes(piece)); }

  /// Ends the message, optionally with a last piece. Nothing can be written afterwards.
  asio::awaitable<std::error_code> finish(binary_view piece = {}) {
    const auto last = piece.last((std::min)(piece.size(), part_size()));
    auto ec = co_await write(piece.first(piece.size() - last.size()));
    if (!ec) ec = co_await send(last, part::last);
    if (!ec) {
      begun_ = false;
      state_.reset();
    }
    co_return ec;
  }
  asio::awaitable<std::error_code> finish(std::string_view piece) {
    return finish(as_bytes(piece));
  }

 private:
  std::size_t part_size() const noexcept { return state_ ? state_->part_size() : 1; }

  asio::awaitable<std::error_code> send(bytes_view piece, part position) {
    if (!state_) co_return errc::closed;
    auto ec = co_await peer_.drained();
    if (!ec) ec = state_->send_part({kind_, piece, coding_}, position);
    if (!ec) begun_ = true;
    co_return ec;
  }

  Session peer_;
  std::shared_ptr<detail::session_state> state_;  // null when the message is finished
  message_kind kind_;
  coding coding_;
  bool begun_ = false;
};

}  // namespace hawser
