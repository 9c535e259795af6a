// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <system_error>

#include "hawser/transport/blocking/blocking_activities.hpp"
#include "hawser/transport/blocking/close_watch.hpp"
#include "hawser/transport/blocking/scope_guards.hpp"
#include "hawser/transport/concepts.hpp"

namespace hawser::detail {

/// Whether a write waits when the stream accepts nothing.
enum class write_wait : std::uint8_t { none, deadline };

/// Writes the output of a connection to its stream. The thread that writes writes everything that
/// is queued. Used under the lock of the connection.
template <blocking_stream Stream, class Shared>
class blocking_writer {
 public:
  using lock = std::unique_lock<std::mutex>;
  using time_point = std::chrono::steady_clock::time_point;

  /// `shared` and `watch` must outlive this object.
  blocking_writer(Shared& shared, close_watch<Stream, Shared>& watch) noexcept
      : shared_{shared}, watch_{watch} {}

  /// The number of bytes that the stream will have accepted when all that is queued is written.
  std::uint64_t position_of_end() const noexcept {
    return written_ + shared_.connection().buffered_bytes();
  }

  /// Whether the peer had closed before the stream accepted the byte before `position`.
  bool peer_closed_before(std::uint64_t position) const noexcept {
    return closed_at_ && *closed_at_ < position;
  }

  /// Writes everything that is queued, after the thread that is writing.
  void flush(lock& guard) {
    ++flushing_;
    shared_.activities().wait(guard, [this] { return !is_writing(); });
    --flushing_;
    write_all(guard, write_wait::deadline);
  }

  /// Writes what the stream accepts without waiting. Does nothing if another thread writes.
  void write_accepted(lock& guard) {
    if (!is_writing()) write_all(guard, write_wait::none);
  }

  /// The same for a Close frame. The timeout of the rest begins here.
  void write_close(lock& guard) {
    shared_.activities().notify();
    write_accepted(guard);
    shared_.connection().advance(shared_.now());
  }

  /// Writes the last output of an ended connection, and ends the sending side of its stream.
  void finish(lock& guard) {
    // A thread that still writes would wait for a peer that has timed out.
    if (is_writing() && !shared_.connection().wants().write) shared_.abort_stream();
    flush(guard);
    shared_.note_end();
    // In every case, so that the peer need not wait until this object is destroyed.
    if (!shared_.activities().has(blocking_activity::ended)) end_stream(guard);
  }

 private:
  bool is_writing() const noexcept { return shared_.activities().has(blocking_activity::writing); }

  /// Writes until there is no output, or with `write_wait::none` until the stream accepts none.
  void write_all(lock& guard, write_wait waits) {
    const activity_scope writing{shared_.activities(), blocking_activity::writing};
    while (waits == write_wait::deadline || flushing_ == 0) {
      if (!closed_at_ && shared_.outcome()) closed_at_ = written_;
      const auto wanted = shared_.connection().wants();
      if (wanted.write) {
        if (!write_some(guard, waits)) return;
      } else if (wanted.end_stream) {
        end_stream(guard);
      } else {
        return;
      }
    }
  }

  /// Returns false if the stream accepts nothing and the write does not wait.
  bool write_some(lock& guard, write_wait waits) {
    std::error_code ec;
    const auto bytes = shared_.connection().output();
    std::size_t size = 0;
    {
      const unlocked meanwhile{guard};
      size = shared_.stream().write_some(bytes, ec);
    }
    if (!ec) {
      shared_.connection().consume_output(size);
      written_ += size;
      shared_.update_memory();
      const bool looks = watch_.wrote(size) && waits == write_wait::deadline;
      if (looks && shared_.connection().wants().write) watch_.look(guard);
    } else if (timed_stream<Stream> && ec == std::errc::operation_would_block) {
      if (waits == write_wait::none) return false;
      watch_.look(guard);
      if (shared_.connection().wants().write) wait_writable(guard);
    } else {
      fail_output(ec);
    }
    return true;
  }

  void wait_writable(lock& guard) {
    std::error_code ec;
    time_point now = shared_.now();
    auto due = shared_.deadline(now);
    if (watch_.can_look()) due = (std::min)(due, now + watch_.interval);
    {
      const unlocked meanwhile{guard};
      if constexpr (timed_stream<Stream>) shared_.stream().wait_writable(due, ec);
      now = shared_.now();
    }
    if (ec) return fail_output(ec);
    shared_.connection().resumed(now);
    if (!shared_.connection().wants().write) shared_.abort_stream();  // it has timed out
  }

  void fail_output(std::error_code ec) {
    shared_.connection().output_failed(ec);
    shared_.update_memory();
    // The timeout of the input begins here.
    shared_.connection().advance(shared_.now());
    shared_.activities().notify();
  }

  void end_stream(lock& guard) {
    std::error_code ec;
    {
      const unlocked meanwhile{guard};
      shared_.stream().shutdown(ec);
    }
    // In both cases the peer's end or the deadline follows.
    shared_.connection().output_ended();
    shared_.activities().begin(blocking_activity::ended);
  }

  Shared& shared_;
  close_watch<Stream, Shared>& watch_;
  std::size_t flushing_ = 0;  // threads that wait to write
  std::uint64_t written_ = 0;
  std::optional<std::uint64_t> closed_at_;  // what was written when the peer had closed
};

}  // namespace hawser::detail
