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

namespace hawser::detail {

/// The deadlines of all connections of one execution context, with one timer for all. They are kept
/// in coarse ticks: an entry expires up to one tick late and never early, and to set one takes
/// constant time. This is a handle that may outlive the context; nothing expires then.
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

  /// Sets an entry to expire once, at `when`, instead of its previous deadline. max(): never.
  void set(entry& one, time_point when) const;

  void cancel(entry& one) const;

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

  void set(entry& one, time_point when) {
    const std::lock_guard guard{mutex_};
    unset(one);
    if (when == (time_point::max)() || !timer_) return;
    const auto since_epoch = when.time_since_epoch();
    one.in_list.tick = std::chrono::ceil<std::chrono::milliseconds>(since_epoch) / tick + 1;
    link(one, buckets_[one.in_list.tick]);
    if (one.in_list.tick < armed_for_) arm(one.in_list.tick);
  }

  void cancel(entry& one) {
    const std::lock_guard guard{mutex_};
    unset(one);
  }

  /// The context ends.
  void end() {
    const std::lock_guard guard{mutex_};
    timer_.reset();
    ended_ = true;
  }

 private:
  static constexpr auto never = (std::numeric_limits<std::int64_t>::max)();

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
    armed_for_ = never;
    timer_->expires_at(time_point{at * tick});
    timer_->async_wait([self = shared_from_this()](std::error_code ec) {
      if (!ec) self->expire();
    });
    armed_for_ = at;
  }

  void expire() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch() / tick;
    bool has_more = true;
    while (has_more) {
      std::shared_ptr<const void> kept;  // outlives the lock
      const std::lock_guard guard{mutex_};
      has_more = timer_ && expire_one(now, kept);
    }
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

  std::mutex mutex_;
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

inline void deadlines::set(entry& one, time_point when) const { all_->set(one, when); }

inline void deadlines::cancel(entry& one) const { all_->cancel(one); }

}  // namespace hawser::detail
