// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>

#include "hawser/transport/virtual_clock.hpp"

namespace hawser::detail {

/// The deadlines of all connections of one execution context, with one timer for all, and the clock of
/// that context. They are kept in coarse ticks: an entry expires up to one tick late and never early,
/// and to set one takes constant time. This is a handle that may outlive the context; nothing expires then.
///
/// With a virtual clock there is no timer, and entries expire exactly, in calls of expire_due().
class deadlines {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::milliseconds tick{50};

  class entry;

  /// The deadlines of the executor's context.
  static deadlines of(const asio::any_io_executor& executor);

  /// Skips a strand, which the handlers of one connection may block.
  template <class Strand>
  requires requires(const Strand& strand) { strand.get_inner_executor(); }
  static deadlines of(const Strand& strand) {
    return of(asio::any_io_executor{strand.get_inner_executor()});
  }

  /// The same, but without a virtual clock nothing expires before another handle was made for an executor.
  static deadlines of(asio::execution_context& context);

  /// Sets an entry to expire once, at `when`, instead of its previous deadline. max(): never.
  void set(entry& one, time_point when) const;

  void cancel(entry& one) const;

  /// Replaces the clock of a context that has no deadlines yet. The clock may be used by one thread only.
  void use_clock(std::shared_ptr<const virtual_clock> clock) const;

  bool has_virtual_clock() const noexcept;

  /// The time of the context's clock.
  time_point now() const noexcept;

  /// When the first entry of a context with a virtual clock expires; max() if none is set.
  time_point next() const;

  /// Expires the entries that are due by a virtual clock.
  void expire_due() const;

  /// One deadline. A derived class must cancel it before it is destroyed.
  class entry {
   public:
    entry() = default;
    entry(const entry&) = delete;
    entry& operator=(const entry&) = delete;

    /// The deadline has passed, and the entry is no longer set. Must only post, because the
    /// deadlines are locked. `kept` is destroyed when they are not: what this call shares with the
    /// entry's owner belongs there, because it may become the last pointer. Called only by `deadlines`.
    virtual void expired(std::shared_ptr<const void>& kept) = 0;

    // For `deadlines` only. A friend could destroy an entry: -Wnon-virtual-dtor.
    struct {
      entry* previous = nullptr;
      entry* next = nullptr;
      std::int64_t tick = 0;
    } in_list;

   protected:
    ~entry() = default;
  };

 private:
  class table;
  class service;

  explicit deadlines(std::shared_ptr<table> all) noexcept : all_{std::move(all)} {}

  std::shared_ptr<table> all_;
};

/// The table of the entries.
class deadlines::table final : public std::enable_shared_from_this<table> {
 public:
  void run_on(const asio::any_io_executor& executor) {
    const std::lock_guard guard{mutex_};
    if (!timer_ && !ended_) timer_.emplace(executor);
  }

  void use_clock(std::shared_ptr<const virtual_clock> clock) { clock_ = std::move(clock); }
  bool has_virtual_clock() const noexcept { return clock_ != nullptr; }

  time_point now() const noexcept {
    return clock_ ? clock_->now() : std::chrono::steady_clock::now();
  }

  time_point next() {
    const std::lock_guard guard{mutex_};
    return buckets_.empty() ? (time_point::max)()
                            : time_point{time_point::duration{buckets_.begin()->first}};
  }

  void set(entry& one, time_point when) {
    const std::lock_guard guard{mutex_};
    unset(one);
    if (when == (time_point::max)() || ended_ || !(timer_ || clock_)) return;
    one.in_list.tick = tick_of(when);
    link(one, buckets_[one.in_list.tick]);
    if (one.in_list.tick < armed_for_) arm(one.in_list.tick);
  }

  void cancel(entry& one) {
    const std::lock_guard guard{mutex_};
    unset(one);
  }

  void expire() {
    const auto now = ticks_now();
    bool has_more = true;
    while (has_more) {
      std::shared_ptr<const void> kept;  // outlives the lock
      const std::lock_guard guard{mutex_};
      has_more = !ended_ && expire_one(now, kept);
    }
  }

  /// The context ends.
  void end() {
    const std::lock_guard guard{mutex_};
    timer_.reset();
    ended_ = true;
  }

 private:
  static constexpr auto never = (std::numeric_limits<std::int64_t>::max)();

  /// The first tick at whose beginning `when` has passed. A virtual clock is read at that time exactly,
  /// so its own ticks are used.
  std::int64_t tick_of(time_point when) const noexcept {
    const auto since_epoch = when.time_since_epoch();
    if (clock_) return since_epoch.count();
    return std::chrono::ceil<std::chrono::milliseconds>(since_epoch) / tick + 1;
  }

  std::int64_t ticks_now() const noexcept {
    const auto since_epoch = now().time_since_epoch();
    return clock_ ? since_epoch.count() : since_epoch / tick;
  }

  // The head of a list: an entry that is never set itself.
  struct list final : entry {
    void expired(std::shared_ptr<const void>&) override {}
  };

  /// When no entry is set, there is no timer that keeps the context busy.
  void unset(entry& one) {
    if (one.in_list.previous == nullptr) return;
    unlink(one);
    const auto bucket = buckets_.find(one.in_list.tick);
    if (bucket->second.in_list.next == nullptr) buckets_.erase(bucket);
    if (!buckets_.empty() || !timer_) return;
    armed_for_ = never;
    timer_->cancel();
  }

  static void link(entry& one, entry& list) {
    one.in_list.previous = &list;
    one.in_list.next = list.in_list.next;
    if (list.in_list.next != nullptr) list.in_list.next->in_list.previous = &one;
    list.in_list.next = &one;
  }

  static void unlink(entry& one) {
    one.in_list.previous->in_list.next = one.in_list.next;
    if (one.in_list.next != nullptr) one.in_list.next->in_list.previous = one.in_list.previous;
    one.in_list.previous = one.in_list.next = nullptr;
  }

  void arm(std::int64_t at) {
    if (clock_) return;
    armed_for_ = never;
    timer_->expires_at(time_point{at * tick});
    timer_->async_wait([self = shared_from_this()](std::error_code ec) {
      if (!ec) self->expire();
    });
    armed_for_ = at;
  }

  /// Returns false, and sets the timer for the next deadline, if none has passed.
  bool expire_one(std::int64_t now, std::shared_ptr<const void>& kept) {
    if (buckets_.empty() || buckets_.begin()->first > now) {
      armed_for_ = never;
      if (!buckets_.empty()) arm(buckets_.begin()->first);
      return false;
    }
    auto& due = buckets_.begin()->second;
    auto* const one = due.in_list.next;
    unlink(*one);
    try {
      one->expired(kept);
    } catch (const std::bad_alloc&) {
      // Try again one tick later, when there may be memory.
      link(*one, due);
      arm(now + 1);
      return false;
    }
    if (due.in_list.next == nullptr) buckets_.erase(buckets_.begin());
    return true;
  }

  // Read for each input of each connection: not on the line of the lock.
  alignas(64) std::shared_ptr<const virtual_clock> clock_;
  alignas(64) std::mutex mutex_;
  std::optional<asio::steady_timer> timer_;
  std::map<std::int64_t, list> buckets_;
  std::int64_t armed_for_ = never;
  bool ended_ = false;
};

/// Owns the table of one context.
class deadlines::service final : public asio::execution_context::service {
 public:
  using key_type = service;
  static inline asio::execution_context::id id;

  explicit service(asio::execution_context& context) : asio::execution_context::service{context} {}

  const std::shared_ptr<table> all = std::make_shared<table>();

 private:
  void shutdown() override { all->end(); }
};

inline deadlines deadlines::of(const asio::any_io_executor& executor) {
  const auto& found =
      asio::use_service<service>(asio::query(executor, asio::execution::context)).all;
  found->run_on(executor);
  return deadlines{found};
}

inline deadlines deadlines::of(asio::execution_context& context) {
  return deadlines{asio::use_service<service>(context).all};
}

inline void deadlines::set(entry& one, time_point when) const { all_->set(one, when); }

inline void deadlines::cancel(entry& one) const { all_->cancel(one); }

inline void deadlines::use_clock(std::shared_ptr<const virtual_clock> clock) const {
  all_->use_clock(std::move(clock));
}

inline bool deadlines::has_virtual_clock() const noexcept { return all_->has_virtual_clock(); }

inline deadlines::time_point deadlines::now() const noexcept { return all_->now(); }

inline deadlines::time_point deadlines::next() const { return all_->next(); }

inline void deadlines::expire_due() const { all_->expire(); }

}  // namespace hawser::detail
