// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <system_error>

#include "hawser/asio/send_budget.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"

namespace hawser::detail {

/// The bytes that a session has queued, counted against its send budget. Messages of other threads
/// are counted before they are queued; what the connection has queued is counted by settle().
class send_account {
 public:
  explicit send_account(const send_budget& budget) noexcept
      // A message of half the hard limit fits when on_drained() is called.
      : high_{(std::min)(budget.high, limit_of(budget.hard))},
        hard_{limit_of(budget.hard)},
        when_exceeded_{budget.when_exceeded} {}

  send_budget::policy when_exceeded() const noexcept { return when_exceeded_; }

  /// The bytes that wait to be written, with those in the command queue.
  std::size_t bytes(std::memory_order order = std::memory_order_relaxed) const noexcept {
    return bytes_.load(order);
  }

  std::size_t high() const noexcept { return high_; }

  /// The queue has drained if it holds at most so many bytes.
  std::size_t low() const noexcept { return high_ / 2; }
  bool is_drained() const noexcept { return bytes() <= low(); }

  /// The number of messages that send_budget::policy::drop has dropped.
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  /// Returns true for the first one.
  bool count_dropped() noexcept { return dropped_.fetch_add(1, std::memory_order_relaxed) == 0; }

  /// Counts a message before it is queued, on any thread. Counts nothing if it returns an error.
  std::error_code charge(std::size_t size) noexcept {
    if (size > hard_) return errc::message_exceeds_budget;
    const auto all = bytes_.fetch_add(size, std::memory_order_relaxed) + size;
    if (all > hard_) {
      refund(size);
      return errc::send_budget_exceeded;
    }
    if (all > high_) was_high_.store(true, std::memory_order_release);
    return {};
  }

  /// A charged message was not queued.
  void refund(std::size_t size) noexcept { bytes_.fetch_sub(size, std::memory_order_relaxed); }

  /// on_drained() will be due although the queue may be short, because a message was refused. Returns
  /// whether it was not due before. An empty queue has drained already.
  bool expect_drained() noexcept { return bytes() != 0 && !was_high_.exchange(true); }

  // The following functions are for the session's thread.

  /// Whether a message fits that is not charged, if the connection has queued `waiting` bytes.
  std::error_code error_of(std::size_t size, std::size_t waiting) const noexcept {
    if (size > hard_) return errc::message_exceeds_budget;
    const auto all = waiting - settled_ + bytes() + size;
    return all > hard_ ? errc::send_budget_exceeded : std::error_code{};
  }

  /// A charged message was taken from the command queue. The next settle() replaces its charge by
  /// what the connection has queued of it.
  void take(std::size_t charged) noexcept { settled_ += charged; }

  /// The connection has queued `waiting` bytes.
  void settle(std::size_t waiting) noexcept {
    if (waiting == settled_) return;
    bytes_.fetch_add(waiting - settled_, std::memory_order_relaxed);
    settled_ = waiting;
  }

  /// The part of bytes() that settle() and take() have counted.
  std::size_t settled() const noexcept { return settled_; }

  /// The session has ended and has queued nothing.
  void clear() noexcept { bytes_.store(0); }

  /// Whether on_drained() is due and the queue has drained. It is not due afterwards.
  bool take_drained() noexcept {
    if (bytes() > high_) was_high_.store(true, std::memory_order_relaxed);
    if (!was_high_.load(std::memory_order_relaxed) || !is_drained()) return false;
    was_high_.exchange(false, std::memory_order_acq_rel);
    // Another thread may have queued more at this moment.
    if (is_drained()) return true;
    was_high_.store(true, std::memory_order_release);
    return false;
  }

 private:
  std::atomic<std::size_t> bytes_ = 0;
  std::size_t settled_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  const std::size_t high_;
  const std::size_t hard_;
  const send_budget::policy when_exceeded_;
  std::atomic<bool> was_high_ = false;  // on_drained() will be due
};

}  // namespace hawser::detail
