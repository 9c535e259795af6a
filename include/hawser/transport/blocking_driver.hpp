// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/transport/blocking_clock.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/memory_budget.hpp"
#include "hawser/transport/scope_guards.hpp"
#include "hawser/transport/thread_number.hpp"

namespace hawser::detail {

/// Moves bytes between one connection and one blocking stream. A lock protects the connection and
/// is never held during I/O. At most one thread reads and at most one writes at a time.
template <blocking_stream Stream, class Connection>
class blocking_driver {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;
  using lock = std::unique_lock<std::mutex>;

  /// `received` are the bytes that were read after the handshake.
  blocking_driver(Stream stream, Connection connection, bytes_view received, duration close_timeout)
      : stream_{std::move(stream)},
        connection_{std::move(connection)},
        clock_{connection_, close_timeout},
        buffer_((std::max)(buffer_size, received.size())) {
    std::copy(received.begin(), received.end(), buffer_.begin());
    input_ = mutable_bytes{buffer_}.first(received.size());
  }

  /// Waits for data until the connection has ended, or `until`: then `ec` is read_timeout.
  template <class Wanted>
  std::optional<Wanted> read(time_point until, std::error_code& ec) {
    lock guard{mutex_};
    const when_thrown broken{[this] { give_up(errc::out_of_memory); }};
    changed_.wait(guard, [this] { return !reading_; });
    const flag_lock reading{reading_, changed_};
    connection_.deliver(std::is_same_v<Wanted, message_part> ? delivery::parts
                                                             : delivery::messages);
    const auto found = read_until(guard, until, buffer_, ec);
    return found ? std::optional<Wanted>{std::get<Wanted>(*found)} : std::nullopt;
  }

  /// `queue` adds to the connection's output; then all output is written. A whole message waits for
  /// another thread's unfinished message.
  template <class Queue>
  std::error_code write(Queue queue, sends what) {
    lock guard{mutex_};
    const when_thrown broken{[this] { give_up(errc::out_of_memory); }};
    if (what == sends::fragment) holder_ = thread_number();
    const auto refused = what == sends::message ? await_no_message(guard) : std::error_code{};
    if (refused) return refused;
    connection_.resumed(now_of(stream_));
    if (const auto ec = queue(connection_)) return ec;
    count_stored(guard);
    flush(guard);
    if (connection_.state() != close_state::ended) return connection_.output_error();
    // The stream's own error is not the cause of the end.
    next_data();
    return outcome_ && outcome_->error ? outcome_->error : make_error_code(errc::closed);
  }

  /// Waits until no other thread has an unfinished message, unless nothing can be sent any more.
  std::error_code open_message() {
    lock guard{mutex_};
    if (const auto ec = await_no_message(guard)) return ec;
    if (std::exchange(message_open_, true)) return errc::closed;
    holder_ = thread_number();
    return {};
  }

  /// Lets other threads send messages again.
  void close_message() {
    const lock guard{mutex_};
    message_open_ = false;
    changed_.notify_all();
  }

  /// Sends a Close frame and waits for the end. Reads if no other thread does.
  std::error_code close(std::optional<close_code> code, std::string_view reason) {
    lock guard{mutex_};
    const when_thrown broken{[this] { give_up(errc::out_of_memory); }};
    connection_.resumed(now_of(stream_));
    if (const auto ec = connection_.close(code, reason); ec && ec != errc::closed) return ec;
    changed_.notify_all();
    // Otherwise read and write alternately: the peer may need to write before it reads.
    if (reading_) flush(guard);
    await_end(guard);
    return outcome_ ? outcome_->error : std::error_code{errc::aborted};
  }

  /// Queues a Close frame, and writes what the stream accepts without waiting.
  std::error_code begin_close(std::optional<close_code> code, std::string_view reason) {
    lock guard{mutex_};
    const when_thrown broken{[this] { give_up(errc::out_of_memory); }};
    connection_.resumed(now_of(stream_));
    if (const auto ec = connection_.close(code, reason)) return ec;
    write_close(guard);
    return {};
  }

  void close_now() {
    const lock guard{mutex_};
    give_up(errc::aborted);
  }

  /// `counts` counts what is stored here and `beside` bytes. Call it before other threads use this.
  void count_memory(memory_holder& counts, std::size_t beside) noexcept {
    memory_ = &counts;
    beside_ = beside;
  }

  /// Ends the connection because the budget is exceeded, and frees what is stored.
  void exceed_memory() {
    lock guard{mutex_};
    const when_thrown broken{[this] { give_up(errc::out_of_memory); }};
    detail::exceed_memory(connection_);
    next_data();
    if (connection_.state() == close_state::ended) abort_stream();
    write_close(guard);
    update_memory();
  }

  std::optional<closed> outcome() const {
    const lock guard{mutex_};
    return outcome_;
  }

  std::optional<std::chrono::steady_clock::duration> round_trip() const {
    const lock guard{mutex_};
    return round_trip_;
  }

  bool is_open() const {
    const lock guard{mutex_};
    return connection_.state() == close_state::open;
  }

  Stream& stream() noexcept { return stream_; }

 private:
  using data = std::variant<message_view, message_part>;

  /// Whether a write waits when the stream accepts nothing.
  enum class write_wait : std::uint8_t { none, deadline };

  static constexpr std::size_t buffer_size = 16 * 1024;
  static constexpr duration write_again = std::chrono::milliseconds{10};

  std::optional<data> read_until(lock& guard, time_point until, mutable_bytes buffer,
                                 std::error_code& ec) {
    for (bool in_time = true; true; in_time = receive(guard, until, buffer)) {
      connection_.resumed(now_of(stream_));
      auto found = next_data();
      // Output that the peer does not read now can wait: the peer may need to be read first.
      if (!writing_) write_all(guard, write_wait::none);
      count_stored(guard);
      if (found) return found;
      const bool has_ended = !connection_.wants().read;
      if (has_ended) finish(guard);
      if (has_ended || !in_time) {
        ec = has_ended ? errc::closed : errc::read_timeout;
        return std::nullopt;
      }
    }
  }

  /// The last step of a reader.
  void finish(lock& guard) {
    // A thread that still writes would wait for a peer that has timed out.
    if (writing_ && !connection_.wants().write) abort_stream();
    flush(guard);
    next_data();
    // In every case, so that the peer need not wait until this object is destroyed.
    if (!stream_ended_) end_stream(guard);
  }

  /// The next message or part. Other events are handled here.
  std::optional<data> next_data() {
    while (auto happened = connection_.next(input_)) {
      if (const auto* whole = std::get_if<message_view>(&*happened)) return *whole;
      if (const auto* piece = std::get_if<message_part>(&*happened)) return *piece;
      if (const auto* answer = std::get_if<pong>(&*happened); answer && answer->round_trip)
        round_trip_ = answer->round_trip;
      if (const auto* end = std::get_if<closed>(&*happened)) {
        outcome_ = *end;
        changed_.notify_all();
      }
    }
    return std::nullopt;
  }

  /// Reads once. Returns false if `until` has passed.
  bool receive(lock& guard, time_point until, mutable_bytes buffer) {
    std::error_code ec;
    bool readable = true;
    const auto start = now_of(stream_);
    auto due = (std::min)(until, clock_.deadline(start));
    if (connection_.lacks_input(start)) due = start;  // only looks
    if (connection_.wants().write) due = (std::min)(due, start + write_again);
    std::size_t size = 0;
    time_point now;
    {
      const unlocked meanwhile{guard};
      if constexpr (timed_stream<Stream>) readable = stream_.wait_readable(due, ec);
      if (readable && !ec) size = stream_.read_some(buffer, ec);
      now = now_of(stream_);
    }
    if (ec == std::errc::operation_would_block || (!ec && !readable)) {
      connection_.advance(now);
      return now < until;
    }
    if (ec || size == 0) {
      connection_.receive_end(ec);
    } else {
      connection_.received(now);
      input_ = buffer.first(size);
    }
    return now < until;
  }

  bool can_write() const {
    return connection_.state() == close_state::open && !connection_.output_error();
  }

  /// A thread must not wait for its own unfinished message.
  std::error_code await_no_message(lock& guard) {
    const bool may_wait = !message_open_ || holder_ != thread_number();
    if (!may_wait && can_write()) return errc::message_unfinished;
    changed_.wait(guard, [this] { return !message_open_ || !can_write(); });
    return {};
  }

  /// Writes everything that is queued, after the thread that is writing.
  void flush(lock& guard) {
    ++flushing_;
    changed_.wait(guard, [this] { return !writing_; });
    --flushing_;
    write_all(guard, write_wait::deadline);
  }

  /// Writes until there is no output, or with `write_wait::none` until the stream accepts none.
  void write_all(lock& guard, write_wait waits) {
    const flag_lock writing{writing_, changed_};
    while (waits == write_wait::deadline || flushing_ == 0) {
      const auto wanted = connection_.wants();
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
    const auto bytes = connection_.output();
    std::size_t size = 0;
    {
      const unlocked meanwhile{guard};
      size = stream_.write_some(bytes, ec);
    }
    if (!ec) {
      connection_.consume_output(size);
      update_memory();
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
    const auto due = clock_.deadline(now_of(stream_));
    time_point now;
    {
      const unlocked meanwhile{guard};
      if constexpr (timed_stream<Stream>) stream_.wait_writable(due, ec);
      now = now_of(stream_);
    }
    if (ec) return fail_output(ec);
    connection_.resumed(now);
    if (!connection_.wants().write) abort_stream();  // it has timed out
  }

  /// Writes what the stream accepts of a Close frame without waiting. The timeout of the rest begins here.
  void write_close(lock& guard) {
    changed_.notify_all();
    if (!writing_) write_all(guard, write_wait::none);
    connection_.advance(now_of(stream_));
  }

  void fail_output(std::error_code ec) {
    connection_.output_failed(ec);
    update_memory();
    // The timeout of the input begins here.
    connection_.advance(now_of(stream_));
    changed_.notify_all();
  }

  void end_stream(lock& guard) {
    std::error_code ec;
    {
      const unlocked meanwhile{guard};
      stream_.shutdown(ec);
    }
    // In both cases the peer's end or the deadline follows.
    connection_.output_ended();
    stream_ended_ = true;
  }

  void await_end(lock& guard) {
    // Its own buffer, because the application may still use the last message.
    std::array<std::byte, 4096> buffer;
    while (reading_) {
      connection_.advance(now_of(stream_));
      // If the connection has timed out, in this or another call, nothing else wakes the reader.
      const auto wanted = connection_.wants();
      if (!wanted.read && !wanted.write && !wanted.end_stream) give_up(errc::close_timeout);
      const bool ended = connection_.state() == close_state::ended;
      if (ended && !abortable_stream<Stream>) return;
      const auto due = connection_.deadline();
      const auto left = (std::min)(due, now_of(stream_) + std::chrono::hours{1}) - now_of(stream_);
      const bool in_time = changed_.wait_for(guard, left, [this] { return !reading_; });
      if (!in_time && due != (time_point::max)()) give_up(errc::close_timeout);
    }
    const flag_lock reading{reading_, changed_};
    std::error_code ec;
    while (read_until(guard, (time_point::max)(), buffer, ec)) {
    }
  }

  void give_up(errc why) {
    connection_.abort(why);
    next_data();
    update_memory();
    abort_stream();
    changed_.notify_all();
  }

  /// Counts what is stored. Returns whether it exceeds the budget.
  bool update_memory() noexcept {
    return memory_ != nullptr && memory_->update(beside_ + connection_.stored_bytes());
  }

  /// The same; beyond the budget, ends the connections that store the most, perhaps this one.
  void count_stored(lock& guard) {
    if (!update_memory()) return;
    const unlocked meanwhile{guard};
    memory_->relieve();
  }

  void abort_stream() {
    if constexpr (abortable_stream<Stream>) stream_.abort();
  }

  Stream stream_;
  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  Connection connection_;
  blocking_clock<Connection> clock_;
  std::vector<std::byte> buffer_;
  mutable_bytes input_;
  std::optional<closed> outcome_;
  std::optional<std::chrono::steady_clock::duration> round_trip_;
  memory_holder* memory_ = nullptr;  // of a server
  std::size_t beside_ = 0;
  std::size_t flushing_ = 0;  // threads that wait to write
  bool stream_ended_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool message_open_ = false;
  std::uint64_t holder_ = 0;  // the thread that sent the last fragment
};

}  // namespace hawser::detail
