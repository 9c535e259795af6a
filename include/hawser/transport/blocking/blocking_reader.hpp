// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/close_machine.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/blocking/blocking_activities.hpp"
#include "hawser/transport/blocking/blocking_writer.hpp"
#include "hawser/transport/blocking/scope_guards.hpp"
#include "hawser/transport/concepts.hpp"

namespace hawser::detail {

/// Reads messages from the stream of a connection, and writes the answers to control frames. One
/// thread at a time. Used under the lock of the connection.
template <blocking_stream Stream, class Shared>
class blocking_reader {
 public:
  using lock = std::unique_lock<std::mutex>;
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;
  using data = std::variant<message_view, message_part>;

  /// `received` are the bytes that were read after the handshake. The other two must outlive this object.
  blocking_reader(Shared& shared, blocking_writer<Stream, Shared>& writer, bytes_view received)
      : shared_{shared}, writer_{writer}, buffer_((std::max)(buffer_size, received.size())) {
    std::copy(received.begin(), received.end(), buffer_.begin());
    shared_.unread().front() = mutable_bytes{buffer_}.first(received.size());
  }

  /// Waits for data until the connection has ended, or `until`: then `ec` is read_timeout.
  std::optional<data> read(lock& guard, delivery how, time_point until, std::error_code& ec) {
    shared_.activities().wait(guard, [this] { return !is_reading() && !is_looking(); });
    const activity_scope reading{shared_.activities(), blocking_activity::reading};
    shared_.connection().deliver(how);
    return read_until(guard, until, {}, ec);
  }

  /// Waits until a connection that closes has ended. Reads if no other thread does.
  void await_end(lock& guard) {
    // Otherwise read and write alternately: the peer may need to write before it reads.
    if (is_reading()) writer_.flush(guard);
    await_reader(guard);
    if (is_reading()) return;
    shared_.activities().wait(guard, [this] { return !is_looking(); });
    const activity_scope reading{shared_.activities(), blocking_activity::reading};
    // Its own buffer, because the application may still use the last message.
    std::array<std::byte, 4096> buffer;
    std::error_code ec;
    while (read_until(guard, (time_point::max)(), buffer, ec)) {
    }
  }

 private:
  static constexpr std::size_t buffer_size = 16 * 1024;
  static constexpr std::size_t large_size = 128 * 1024;
  // Messages that are taken from the buffer before the clock is read again, which costs as much as one.
  static constexpr unsigned most_untimed = 16;
  static constexpr duration write_again = std::chrono::milliseconds{10};

  bool is_reading() const noexcept { return shared_.activities().has(blocking_activity::reading); }

  bool is_looking() const noexcept { return shared_.activities().has(blocking_activity::looking); }

  /// Reads into `other`, or into its own buffer if that is empty.
  std::optional<data> read_until(lock& guard, time_point until, mutable_bytes other,
                                 std::error_code& ec) {
    if (!shared_.unread().front().empty() && untimed_ != most_untimed) {
      ++untimed_;
    } else {
      set_time(shared_.now());
    }
    for (bool in_time = true; true; in_time = receive(guard, until, other)) {
      auto found = next_data();
      if (!found && untimed_ != 0) {
        // What is due by now decides whether to read.
        set_time(shared_.now());
        found = next_data();
      }
      // Output that the peer does not read now can wait: the peer may need to be read first.
      writer_.write_accepted(guard);
      shared_.count_stored(guard);
      if (found) return found;
      const bool has_ended = !shared_.connection().wants().read;
      if (has_ended) writer_.finish(guard);
      if (has_ended || !in_time) {
        ec = has_ended ? errc::closed : errc::read_timeout;
        return std::nullopt;
      }
    }
  }

  void set_time(time_point now) {
    untimed_ = 0;
    shared_.connection().resumed(now);
  }

  /// The next message or part. Other events are handled here.
  std::optional<data> next_data() {
    while (auto happened = shared_.connection().next(shared_.unread().front())) {
      if (const auto* whole = std::get_if<message_view>(&*happened)) return *whole;
      if (const auto* piece = std::get_if<message_part>(&*happened)) return *piece;
      shared_.note(*happened);
    }
    return std::nullopt;
  }

  /// Reads once, and sets the time. Returns false if `until` has passed.
  bool receive(lock& guard, time_point until, mutable_bytes other) {
    auto buffer = other.empty() ? own_buffer() : other;
    if (take_unread(buffer)) {
      set_time(shared_.now());
      return true;
    }
    auto got = has_more_ ? read_some(guard, buffer, std::nullopt) : arrival{};
    if (got.ec == std::errc::operation_would_block) {
      has_more_ = false;
      if (other.empty()) buffer = own_buffer();
      got = read_some(guard, buffer, wait_limit(until));
    }
    has_more_ = timed_stream<Stream> && got.size >= buffer_size;
    shared_.has_read(got.at);
    auto& connection = shared_.connection();
    if (got.ec == std::errc::operation_would_block) {
      connection.advance(got.at);
    } else if (got.ec || got.size == 0) {
      connection.receive_end(got.ec);
    } else {
      connection.received(got.at);
      shared_.unread().front() = buffer.first(got.size);
    }
    // After each read: a peer that sends without a pause must not delay what is due.
    set_time(got.at);
    return got.at < until;
  }

  /// The result of a read, and its time.
  struct arrival {
    std::error_code ec = std::make_error_code(std::errc::operation_would_block);
    std::size_t size = 0;
    time_point at = {};
  };

  /// Reads without the lock. Waits first, until `due` at most, if there is one.
  arrival read_some(lock& guard, mutable_bytes buffer, std::optional<time_point> due) {
    arrival got;
    const unlocked meanwhile{guard};
    bool readable = true;
    if constexpr (timed_stream<Stream>) {
      std::error_code ec;
      if (due) readable = shared_.stream().wait_readable(*due, ec);
      if (ec) got.ec = ec;
      readable = readable && !ec;
    }
    if (readable) got.size = shared_.stream().read_some(buffer, got.ec);
    got.at = shared_.now();
    return got;
  }

  /// The buffer for the next read: a larger one while reads bring much.
  mutable_bytes own_buffer() {
    if (!has_more_) {
      give_large_buffer();
      return buffer_;
    }
    if (large_.capacity() < large_size) large_ = buffer_pool::take();
    const auto buffer = large_.prepare(large_size);
    shared_.unread().reads_into(large_.capacity());
    return buffer;
  }

  void give_large_buffer() noexcept {
    if (large_.capacity() == 0) return;
    buffer_pool::give(std::move(large_));
    shared_.unread().reads_into(0);
    shared_.update_memory();  // a wait may follow
  }

  /// Takes what was read ahead. Returns false if that is nothing.
  bool take_unread(mutable_bytes buffer) {
    auto& unread = shared_.unread();
    if (unread.has_bytes()) {
      unread.front() = buffer.first(unread.take(buffer));
    } else if (unread.end()) {
      shared_.connection().receive_end(*unread.end());
    } else {
      return false;
    }
    return true;
  }

  time_point wait_limit(time_point until) {
    const auto start = shared_.now();
    auto due = (std::min)(until, shared_.deadline(start));
    if (shared_.connection().lacks_input(start)) due = start;  // only looks
    if (shared_.connection().wants().write) due = (std::min)(due, start + write_again);
    return due;
  }

  /// Waits until no other thread reads, or the connection has ended and that thread cannot be woken.
  void await_reader(lock& guard) {
    auto& connection = shared_.connection();
    while (is_reading()) {
      connection.advance(shared_.now());
      // If the connection has timed out, in this or another call, nothing else wakes the reader.
      const auto wanted = connection.wants();
      if (!wanted.read && !wanted.write && !wanted.end_stream) {
        shared_.give_up(errc::close_timeout);
      }
      const bool ended = connection.state() == close_state::ended;
      if (ended && !abortable_stream<Stream>) return;
      const auto due = connection.deadline();
      const auto left = (std::min)(due, shared_.now() + std::chrono::hours{1}) - shared_.now();
      const bool in_time =
          shared_.activities().wait_for(guard, left, [this] { return !is_reading(); });
      if (!in_time && due != (time_point::max)()) shared_.give_up(errc::close_timeout);
    }
  }

  Shared& shared_;
  blocking_writer<Stream, Shared>& writer_;
  std::vector<std::byte> buffer_;
  byte_buffer large_;
  unsigned untimed_ = 0;   // messages since the clock was read
  bool has_more_ = false;  // the last read brought so much that the next one does not wait first
};

}  // namespace hawser::detail
