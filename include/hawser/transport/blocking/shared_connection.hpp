// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/close_machine.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/transport/blocking/blocking_activities.hpp"
#include "hawser/transport/blocking/blocking_clock.hpp"
#include "hawser/transport/blocking/scope_guards.hpp"
#include "hawser/transport/blocking/unread_input.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// A stream and its connection, which threads share. Everything but the stream is used under the
/// lock, which is never held during I/O.
template <blocking_stream Stream, class Connection>
class shared_connection {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;
  using lock = std::unique_lock<std::mutex>;

  shared_connection(Stream stream, Connection connection, duration close_timeout)
      : stream_{std::move(stream)},
        connection_{std::move(connection)},
        clock_{connection_, close_timeout} {}

  [[nodiscard]] lock acquire() const { return lock{mutex_}; }

  Stream& stream() noexcept { return stream_; }
  Connection& connection() noexcept { return connection_; }
  blocking_activities& activities() noexcept { return activities_; }
  unread_input& unread() noexcept { return unread_; }

  time_point now() { return now_of(stream_); }

  /// Sets the connection's time, and returns the time until which a thread may wait.
  time_point deadline(time_point now) { return clock_.deadline(now); }

  const std::optional<closed>& outcome() const noexcept { return outcome_; }
  std::optional<duration> round_trip() const noexcept { return round_trip_; }

  bool is_open() const { return connection_.state() == close_state::open && !peer_closed_; }
  bool can_write() const { return is_open() && !connection_.output_error(); }

  /// Whether the peer's Close frame, or its end of the stream, has arrived behind unread messages.
  bool peer_closed() const noexcept { return peer_closed_; }
  void peer_has_closed() noexcept {
    peer_closed_ = true;
    activities_.notify();
  }

  /// When the stream was read last.
  time_point read_at() const noexcept { return read_at_; }
  void has_read(time_point now) noexcept { read_at_ = now; }

  /// Notes an event that is no message.
  void note(const event& happened) {
    if (const auto* answer = std::get_if<pong>(&happened); answer && answer->round_trip)
      round_trip_ = answer->round_trip;
    if (const auto* end = std::get_if<closed>(&happened)) {
      outcome_ = *end;
      activities_.notify();
    }
  }

  /// Notes how the connection has ended or failed. No message follows.
  void note_end() {
    mutable_bytes none;
    while (const auto happened = connection_.next(none)) note(*happened);
  }

  /// Ends the connection and its stream at once.
  void give_up(errc why) {
    connection_.abort(why);
    note_end();
    update_memory();
    abort_stream();
    activities_.notify();
  }

  void abort_stream() {
    if constexpr (abortable_stream<Stream>) stream_.abort();
  }

  /// `counts` counts what is stored here and `beside` bytes. Call it before other threads use this.
  void count_memory(memory_holder& counts, std::size_t beside) noexcept {
    memory_ = &counts;
    beside_ = beside;
  }

  /// Counts what is stored. Returns whether it exceeds the budget.
  bool update_memory() noexcept {
    return memory_ != nullptr &&
           memory_->update(beside_ + unread_.occupied() + connection_.stored_bytes());
  }

  /// The same; beyond the budget, ends the connections that store the most, perhaps this one.
  void count_stored(lock& guard) {
    if (!update_memory()) return;
    const unlocked meanwhile{guard};
    memory_->relieve();
  }

 private:
  Stream stream_;
  mutable std::mutex mutex_;  // guards the members below
  blocking_activities activities_;
  Connection connection_;
  unread_input unread_;
  blocking_clock<Connection> clock_;
  std::optional<closed> outcome_;
  std::optional<duration> round_trip_;
  memory_holder* memory_ = nullptr;  // of a server
  std::size_t beside_ = 0;
  time_point read_at_{};
  bool peer_closed_ = false;
};

}  // namespace hawser::detail
