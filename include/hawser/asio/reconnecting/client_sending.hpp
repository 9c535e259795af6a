// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include "hawser/asio/reconnecting/sending_phase.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/kept_messages.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"

namespace hawser::detail {

/// The messages that a client sends: on its current connection, or queued for the next one. May be
/// used on any thread.
class client_sending {
 public:
  client_sending(outage_queue queue, const send_budget& budget) : kept_{within(queue, budget)} {}

  /// The current session, or an empty one.
  session present() const {
    const std::lock_guard guard{mutex_};
    return current_;
  }

  /// The bytes that wait to be written, or for a connection.
  std::size_t buffered_bytes() const {
    const std::lock_guard guard{mutex_};
    return kept_.size() + current_.buffered_bytes();
  }

  /// `on_strand()` returns whether the caller runs on the client's strand, and so may be its on_open.
  template <class Message, class OnStrand>
  std::error_code send(Message&& message, OnStrand on_strand) {
    if (!kept_.keeps()) return present().send(std::forward<Message>(message));
    while (true) {
      session open;
      {
        const std::lock_guard guard{mutex_};
        if (end_ != sending_end::none) return errc::closed;
        if (must_keep(on_strand)) return kept_.keep(message);
        open = current_;
      }
      const auto ec = open.send(std::as_const(message));
      if (ec != errc::closed) return ec;
      lose(open);
    }
  }

  /// There is a connection, and on_open is called next.
  void connected(const session& open) {
    const std::lock_guard guard{mutex_};
    if (end_ != sending_end::forgotten) current_ = open;
    enter(sending_event::connected);
  }

  /// on_open has returned.
  void greeted() {
    const std::lock_guard guard{mutex_};
    enter(sending_event::greeted);
  }

  /// Sends the queued messages, before those that other threads send now. Messages above the send
  /// budget wait.
  void catch_up(const session& open) {
    while (auto next = take_kept()) {
      bool sent = false;
      try {
        sent = send_kept(open, *next);
      } catch (...) {
        put_back(std::move(*next));
        throw;
      }
      if (!sent) return put_back(std::move(*next));
    }
  }

  /// The connection has ended. Returns whether end() was called.
  bool disconnected() {
    const std::lock_guard guard{mutex_};
    current_ = session{};
    enter(sending_event::disconnected);
    return end_ != sending_end::none;
  }

  /// Sends nothing from now on.
  void end() {
    const std::lock_guard guard{mutex_};
    end_ = (std::max)(end_, sending_end::ended);
  }

  /// The same, and drops the current session. Returns it.
  session forget() {
    const std::lock_guard guard{mutex_};
    end_ = sending_end::forgotten;
    return std::exchange(current_, session{});
  }

 private:
  /// With this limit, each queued message is within the session's budget whenever the session is drained.
  static outage_queue within(outage_queue queue, const send_budget& budget) {
    queue.most = (std::min)(queue.most, limit_of(budget.hard) / 2);
    return queue;
  }

  // This and the next function require that mutex_ is locked.
  void enter(sending_event happened) noexcept { phase_ = after(phase_, happened); }

  template <class OnStrand>
  bool must_keep(OnStrand on_strand) const {
    if (phase_ == sending_phase::greeting) return !on_strand();
    return phase_ != sending_phase::connected;
  }

  void lose(const session& open) {
    const std::lock_guard guard{mutex_};
    if (current_ == open) enter(sending_event::lost);
  }

  std::optional<kept_messages::kept> take_kept() {
    const std::lock_guard guard{mutex_};
    auto next = kept_.take();
    if (!next) enter(sending_event::caught_up);
    return next;
  }

  void put_back(kept_messages::kept message) {
    const std::lock_guard guard{mutex_};
    kept_.put_back(std::move(message));
  }

  static bool send_kept(const session& open, const kept_messages::kept& message) {
    return !std::visit([&](const auto& one) { return open.send(one); }, message);
  }

  mutable std::mutex mutex_;  // guards the members below
  session current_;
  kept_messages kept_;
  sending_phase phase_ = sending_phase::unconnected;
  sending_end end_ = sending_end::none;
};

}  // namespace hawser::detail
