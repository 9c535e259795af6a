// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/protocol/close_machine.hpp"

namespace hawser::detail {

class memory_holder;

/// A position in a ring of holders, or alone. Changed under the lock of the budget.
struct memory_link {
  memory_link() = default;
  memory_link(const memory_link&) = delete;
  memory_link& operator=(const memory_link&) = delete;

  void unlink() noexcept {
    previous_link->next_link = next_link;
    next_link->previous_link = previous_link;
    previous_link = next_link = this;
  }

  void link_before(memory_link& other) noexcept {
    previous_link = std::exchange(other.previous_link, this);
    next_link = std::exchange(previous_link->next_link, this);
  }

  memory_link* previous_link = this;
  memory_link* next_link = this;
};

/// Counts and limits the bytes that all connections of one server store and have queued. From any thread.
///
/// A connection that stores more than before while the sum exceeds the budget ends the connections that
/// store the most, within that call, until the others store 15/16 of the budget at most. An ended
/// connection whose thread is busy releases its memory later. If all connections, the ended ones included,
/// exceed the budget by more than an eighth, the connection that stores more is ended too. So the sum never
/// exceeds 9/8 of the budget by more than what the running threads store in one turn each.
class memory_budget {
 public:
  /// In bytes. Zero: no limit.
  explicit memory_budget(std::size_t most) : most_{limit_of(most)} {}

  /// How many bytes are stored, less than `memory_holder::counted_step` too few for each connection.
  std::size_t bytes() const noexcept { return non_negative(all_.load()); }

  /// Whether new connections must be refused.
  bool is_exceeded() const noexcept { return bytes() > most_; }

 private:
  friend memory_holder;

  // Each size belongs to a class by its three highest bits: sizes of one class differ by a quarter at most.
  static constexpr std::size_t classes = 256;
  static std::size_t class_of(std::size_t bytes) noexcept {
    constexpr std::size_t exact = 3;
    const auto width = static_cast<std::size_t>(std::bit_width(bytes));
    return width <= exact ? bytes : 4 * (width - exact) + (bytes >> (width - exact));
  }

  // While two threads change one holder, a sum may be negative for a moment.
  static std::size_t non_negative(std::ptrdiff_t sum) noexcept {
    return sum > 0 ? static_cast<std::size_t>(sum) : 0;
  }

  bool is_far_exceeded() const noexcept {
    const auto now = bytes();
    return now > most_ && now - most_ > most_ / 8;
  }

  /// Whether relieve() has something to do for a holder that stores more than before.
  bool needs_relief() const noexcept {
    return non_negative(live_.load()) > most_ || is_far_exceeded();
  }

  inline void relieve(memory_holder& grown) noexcept;
  inline void choose_largest() noexcept;
  inline void choose(memory_holder& one) noexcept;
  inline void end_chosen() noexcept;
  inline std::shared_ptr<memory_holder> take_chosen() noexcept;

  const std::size_t most_;
  std::atomic<std::ptrdiff_t> all_ = 0;
  std::atomic<std::ptrdiff_t> live_ = 0;  // without holders that are ending
  std::mutex mutex_;                      // guards the rings; nothing else is locked under it
  memory_link live_holders_;
  memory_link chosen_holders_;  // that must be ended
};

/// A connection whose stored bytes a memory_budget counts. A derived class must call leave() in its
/// destructor.
class memory_holder : private memory_link {
 public:
  /// Smaller changes are not counted: a message that is delivered where it was read costs a comparison.
  static constexpr std::size_t counted_step = 1024;

  /// How many bytes were counted last, a multiple of `counted_step`.
  std::size_t counted_bytes() const noexcept { return counted_.load() & ~flags; }

  /// Whether the budget ends this connection: it must store nothing more.
  bool is_ending() const noexcept {
    return (counted_.load(std::memory_order_relaxed) & ending) != 0;
  }

  /// The connection stores `bytes` now. Returns whether relieve() is due.
  bool update(std::size_t bytes) noexcept {
    if (!memory_budget_) return false;
    const auto now = bytes & ~flags;
    auto before = counted_.load();
    do {
      if ((before & ~flags) == now) return false;
    } while (!counted_.compare_exchange_weak(before, now | (before & flags)));
    if ((before & linked) == 0) link();
    const auto grown =
        static_cast<std::ptrdiff_t>(now) - static_cast<std::ptrdiff_t>(before & ~flags);
    memory_budget_->all_ += grown;
    if ((before & ending) == 0) memory_budget_->live_ += grown;
    return grown > 0 && memory_budget_->needs_relief();
  }

  /// Ends the connections that store the most, possibly this one. Calls their on_memory_exceeded(),
  /// so the caller must not hold a lock that this function takes.
  void relieve() noexcept { memory_budget_->relieve(*this); }

 protected:
  /// `budget` may be null: then nothing is counted.
  explicit memory_holder(std::shared_ptr<memory_budget> budget)
      : memory_budget_{std::move(budget)} {}
  virtual ~memory_holder() { leave(); }

  /// Nothing is stored from now on, and on_memory_exceeded() is not called again.
  void leave() noexcept {
    update(0);
    if ((counted_.load() & linked) == 0) return;
    const std::lock_guard guard{memory_budget_->mutex_};
    unlink();
  }

 private:
  friend memory_budget;

  static constexpr std::size_t ending = 1;
  static constexpr std::size_t linked = 2;
  static constexpr std::size_t flags = counted_step - 1;

  /// Returns an owner of the object, or null if it has none. Called under the lock of the budget.
  virtual std::shared_ptr<memory_holder> keep() noexcept = 0;

  /// Ends the connection with errc::memory_exceeded. On the thread of the connection that stores more.
  virtual void on_memory_exceeded() noexcept = 0;

  void link() noexcept {
    const std::lock_guard guard{memory_budget_->mutex_};
    if ((counted_.fetch_or(linked) & linked) == 0) link_before(memory_budget_->live_holders_);
  }

  std::shared_ptr<memory_budget> memory_budget_;
  std::atomic<std::size_t> counted_ = 0;  // bytes, and flags in the lowest bits
};

inline void memory_budget::relieve(memory_holder& grown) noexcept {
  choose_largest();
  end_chosen();
  if (!is_far_exceeded()) return;
  {
    const std::lock_guard guard{mutex_};
    choose(grown);
  }
  end_chosen();
}

inline void memory_budget::choose_largest() noexcept {
  const std::lock_guard guard{mutex_};
  std::array<std::size_t, classes> sums{};
  std::size_t sum = 0;
  for (auto* one = live_holders_.next_link; one != &live_holders_; one = one->next_link) {
    const auto bytes = static_cast<memory_holder*>(one)->counted_bytes();
    sums[class_of(bytes)] += bytes;
    sum += bytes;
  }
  if (sum <= most_) return;
  const auto target = most_ - most_ / 16;
  std::size_t kept = 0;
  std::size_t cut = 0;  // all of smaller classes are kept
  while (kept + sums[cut] <= target) kept += sums[cut++];
  for (auto* next_link = live_holders_.next_link; next_link != &live_holders_;) {
    auto& one = static_cast<memory_holder&>(*std::exchange(next_link, next_link->next_link));
    const auto bytes = one.counted_bytes();
    const auto its_class = class_of(bytes);
    if (its_class < cut) continue;
    if (its_class == cut && kept + bytes <= target) {
      kept += bytes;
    } else {
      choose(one);
    }
  }
}

inline void memory_budget::choose(memory_holder& one) noexcept {
  if (one.next_link == &one) return;  // chosen before, or it has left
  const auto before = one.counted_.fetch_or(memory_holder::ending);
  live_ -= static_cast<std::ptrdiff_t>(before & ~memory_holder::flags);
  one.unlink();
  one.link_before(chosen_holders_);
}

inline void memory_budget::end_chosen() noexcept {
  while (const auto one = take_chosen()) one->on_memory_exceeded();
}

inline std::shared_ptr<memory_holder> memory_budget::take_chosen() noexcept {
  const std::lock_guard guard{mutex_};
  while (chosen_holders_.next_link != &chosen_holders_) {
    auto& one = static_cast<memory_holder&>(*chosen_holders_.next_link);
    one.unlink();
    if (auto kept = one.keep()) return kept;
  }
  return nullptr;
}

/// Ends a connection that the budget has chosen: it drops an unfinished message, and fails with a Close
/// frame. A peer that has left more than 64 KiB unread would not read that frame: then it is aborted.
/// Returns whether that changed the connection: false if it had ended, or was closing, already.
template <class Connection>
bool exceed_memory(Connection& peer) {
  constexpr std::size_t most_before_close = 64 * 1024;
  if (peer.buffered_bytes() > most_before_close) {
    peer.abort(errc::memory_exceeded);
    return true;
  }
  if (peer.state() >= close_state::exchanged) return false;
  peer.fail(errc::memory_exceeded);
  return true;
}

}  // namespace hawser::detail
