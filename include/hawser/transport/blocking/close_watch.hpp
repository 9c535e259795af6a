// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <system_error>

#include "hawser/base/bytes.hpp"
#include "hawser/protocol/close_machine.hpp"
#include "hawser/transport/blocking/blocking_activities.hpp"
#include "hawser/transport/blocking/scope_guards.hpp"
#include "hawser/transport/blocking/unread_input.hpp"
#include "hawser/transport/concepts.hpp"

namespace hawser::detail {

/// Looks for the peer's Close frame while a thread writes and none reads, and answers pings. Does not
/// wait, so it needs a timed_stream. Messages are kept for the next reader. Used under the lock of
/// the connection.
template <blocking_stream Stream, class Shared>
class close_watch {
 public:
  using lock = std::unique_lock<std::mutex>;
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// After so many bytes of output, or so much time, a thread that writes looks again: rarely enough
  /// for its system call not to matter.
  static constexpr std::size_t interval_in_bytes = 64 * 1024;
  static constexpr duration interval = std::chrono::seconds{1};

  /// `shared` must outlive this object.
  explicit close_watch(Shared& shared) : shared_{shared}, looked_at_{shared.now()} {}

  /// Whether look() would look.
  bool can_look() {
    return timed_stream<Stream> && shared_.connection().state() == close_state::open &&
           !shared_.peer_closed() && !shared_.unread().is_full() &&
           !shared_.activities().has(blocking_activity::reading) &&
           !shared_.activities().has(blocking_activity::looking);
  }

  /// `size` bytes were written. Returns whether to look.
  bool wrote(std::size_t size) noexcept {
    written_ += size;
    return written_ >= interval_in_bytes;
  }

  /// Looks if that is due. Returns whether it was.
  bool look_if_due(lock& guard) {
    if constexpr (timed_stream<Stream>) {
      const auto now = shared_.now();
      const auto last = (std::max)(looked_at_, shared_.read_at());
      if (written_ < interval_in_bytes && now - last < interval) return false;
      look(guard);
      return true;
    } else {
      return false;
    }
  }

  /// Takes what has arrived: control frames at once. Does nothing while another thread reads.
  void look(lock& guard) {
    written_ = 0;
    looked_at_ = shared_.now();
    if (!can_look()) return;
    const activity_scope looking{shared_.activities(), blocking_activity::looking};
    std::array<std::byte, 4096> buffer;
    // Not for ever: the peer may send pings as fast as they are read.
    std::size_t total = 0;
    while (total < unread_input::capacity) {
      const auto size = read_some(guard, buffer);
      if (size == 0) break;
      total += size;
    }
    if (shared_.unread().has_bytes() && !shared_.peer_closed()) find_close();
  }

 private:
  /// Returns the number of bytes, or 0 if no more is to be read.
  std::size_t read_some(lock& guard, mutable_bytes buffer) {
    std::error_code ec;
    std::size_t size = 0;
    {
      const unlocked meanwhile{guard};
      size = shared_.stream().read_some(buffer, ec);
    }
    if (ec == std::errc::operation_would_block) return 0;
    auto& unread = shared_.unread();
    if (ec || size == 0) {
      unread.end() = ec;
      if (unread.has_bytes()) {
        shared_.peer_has_closed();
      } else {
        shared_.connection().receive_end(ec);
        shared_.note_end();
      }
      return 0;
    }
    shared_.connection().received(shared_.now());
    take(buffer.first(size));
    shared_.update_memory();
    const bool reads_on = shared_.connection().state() == close_state::open && !unread.is_full();
    return reads_on ? size : 0;
  }

  void take(mutable_bytes input) {
    auto& unread = shared_.unread();
    if (unread.has_bytes()) {
      unread.keep(input);
      input = unread.ahead();
      const auto size = input.size();
      take_control(input);
      unread.drop(size - input.size());
    } else {
      take_control(input);
      unread.keep(input);
    }
  }

  void take_control(mutable_bytes& input) {
    while (const auto happened = shared_.connection().next_control(input)) shared_.note(*happened);
  }

  void find_close() {
    if (shared_.connection().state() != close_state::open) return;
    if (shared_.connection().close_follows(shared_.unread().ahead())) shared_.peer_has_closed();
  }

  Shared& shared_;
  std::size_t written_ = 0;  // since the last look
  time_point looked_at_;
};

}  // namespace hawser::detail
