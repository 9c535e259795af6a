// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <system_error>

#include "hawser/transport/blocking/blocking_activities.hpp"
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

  /// `shared` must outlive this object.
  explicit blocking_writer(Shared& shared) noexcept : shared_{shared} {}

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
      shared_.update_memory();
    } else if (timed_stream<Stream> && ec == std::errc::operation_would_block) {
      if (waits == write_wait::none) return false;
      wait_writable(guard);
    } else {
      fail_output(ec);
    }
    return true;
  }

  void wait_writable(lock& guard) {
    std::error_code ec;
    const auto due = shared_.deadline(shared_.now());
    time_point now;
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
  std::size_t flushing_ = 0;  // threads that wait to write
};

}  // namespace hawser::detail
