// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/execution/blocking.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/executor/strand_mutex.hpp"

namespace hawser::detail {

/// A strand that a thread outside of it can lock, so that nothing runs on it meanwhile; a function
/// that is running is waited for, unless it waits for the caller: see strand_mutex. Copies are the same
/// strand. An executor.
class exclusive_strand {
 public:
  using inner_executor_type = asio::strand<asio::any_io_executor>;
  using lock = std::unique_lock<strand_mutex>;

  explicit exclusive_strand(inner_executor_type inner)
      : exclusive_strand{std::move(inner), std::make_shared<strand_mutex>()} {}

  /// Locks the strand until the returned lock is destroyed. A function on this strand already has the lock.
  lock hold() const { return lock{*mutex_}; }

  bool running_in_this_thread() const noexcept { return inner_.running_in_this_thread(); }

  /// The executor below the strand.
  asio::any_io_executor get_inner_executor() const noexcept { return inner_.get_inner_executor(); }

  template <class Function>
  void execute(Function&& function) const {
    using kept = std::decay_t<Function>;
    auto run = [mutex = mutex_, given = kept(std::forward<Function>(function))]() mutable {
      const strand_lock held{*mutex};
      // Destroyed before the strand is unlocked.
      kept called{std::move(given)};
      std::move(called)();
    };
    // A thread never enters a second strand inside a first one: the locks could be taken in any
    // order, and deadlock.
    if (strand_lock::is_taken() && !running_in_this_thread()) {
      (asio::require)(inner_, asio::execution::blocking.never).execute(std::move(run));
    } else {
      inner_.execute(std::move(run));
    }
  }

  template <class Property>
  requires asio::can_query_v<const inner_executor_type&, Property>
  decltype(auto) query(const Property& wanted) const noexcept {
    return asio::query(inner_, wanted);
  }

  // In parentheses, because `require` is a macro on some systems.
  template <class Property>
  requires asio::can_require_v<const inner_executor_type&, Property> exclusive_strand(require)
  (const Property& wanted) const noexcept {
    return exclusive_strand{(asio::require)(inner_, wanted), mutex_};
  }

  template <class Property>
  requires asio::can_prefer_v<const inner_executor_type&, Property> exclusive_strand
  prefer(const Property& wanted)
  const noexcept { return exclusive_strand{asio::prefer(inner_, wanted), mutex_}; }

  friend bool operator==(const exclusive_strand& left, const exclusive_strand& right) noexcept {
    return left.mutex_ == right.mutex_ && left.inner_ == right.inner_;
  }

 private:
  exclusive_strand(inner_executor_type inner, std::shared_ptr<strand_mutex> mutex) noexcept
      : inner_{std::move(inner)}, mutex_{std::move(mutex)} {}

  /// While this object exists, the thread runs a function on a strand.
  class strand_lock {
   public:
    explicit strand_lock(strand_mutex& mutex) : held_{mutex} { ++count(); }
    ~strand_lock() { --count(); }
    strand_lock(const strand_lock&) = delete;
    strand_lock& operator=(const strand_lock&) = delete;

    static bool is_taken() noexcept { return count() != 0; }

   private:
    static int& count() noexcept {
      thread_local int running = 0;
      return running;
    }

    const lock held_;
  };

  inner_executor_type inner_;
  std::shared_ptr<strand_mutex> mutex_;
};

/// Locks an executor that can be locked. An executor that a single thread runs needs no lock.
template <class Executor>
exclusive_strand::lock hold(const Executor& executor) {
  if constexpr (requires { executor.hold(); }) {
    return executor.hold();
  } else {
    return {};
  }
}

}  // namespace hawser::detail
