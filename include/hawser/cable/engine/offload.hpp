// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include <asio/post.hpp>
#include <asio/thread_pool.hpp>

#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"

namespace hawser::cable::detail {

/// A function that runs on another thread, and its result.
template <class Result>
class offloaded {
 public:
  explicit offloaded(std::function<Result()> function) : function_{std::move(function)} {}

  void run() noexcept {
    try {
      if constexpr (std::is_void_v<Result>) {
        function_();
        value_.emplace();
      } else {
        value_.emplace(function_());
      }
    } catch (...) {
      thrown_ = std::current_exception();
    }
  }

  /// After run(): returns what the function has returned, or throws what it has thrown.
  Result take() {
    if (thrown_) std::rethrow_exception(thrown_);
    if constexpr (!std::is_void_v<Result>) return std::move(*value_);
  }

 private:
  std::function<Result()> function_;
  std::optional<std::conditional_t<std::is_void_v<Result>, std::monostate, Result>> value_;
  std::exception_ptr thrown_;
};

/// What waits for an offloaded function, on the executor of its connection.
class offload_waiter {
 public:
  offload_waiter() = default;
  offload_waiter(const offload_waiter&) = delete;
  offload_waiter& operator=(const offload_waiter&) = delete;
  virtual ~offload_waiter() = default;

  virtual void complete() = 0;
};

template <class Handler>
class offload_handler final : public offload_waiter {
 public:
  explicit offload_handler(Handler handler) : handler_{std::move(handler)} {}
  void complete() override { std::move(handler_)(); }

 private:
  Handler handler_;
};

/// The threads of a server for such functions. They begin with the first one.
class offload_pool {
 public:
  offload_pool(std::size_t threads, std::size_t most)
      : threads_{threads == 0 ? 1 : threads}, most_{limit_of(most)} {}
  ~offload_pool() { end(); }
  offload_pool(const offload_pool&) = delete;
  offload_pool& operator=(const offload_pool&) = delete;

  /// Makes sure that run() can be called once. Throws std::system_error: errc::closed after end(), and
  /// resource_unavailable_try_again if too many functions wait.
  void reserve() {
    const std::lock_guard guard{mutex_};
    if (ended_) throw std::system_error{hawser::errc::closed, "offload"};
    if (waiting_.load() >= most_) {
      throw std::system_error{std::make_error_code(std::errc::resource_unavailable_try_again),
                              "offload"};
    }
    if (!pool_) pool_.emplace(threads_);
    waiting_.fetch_add(1);
  }

  /// Runs `work`, which must not throw: on a thread of the pool, or within this call after end(). Throws
  /// std::bad_alloc.
  void run(const std::function<void()>& work) {
    if (!post(work)) work();
  }

  /// Waits for the functions that have been given to run().
  void end() noexcept {
    {
      const std::lock_guard guard{mutex_};
      ended_ = true;
    }
    if (pool_) pool_->join();
  }

 private:
  bool post(const std::function<void()>& work) {
    const std::lock_guard guard{mutex_};
    waiting_.fetch_sub(ended_ ? 1 : 0);
    if (ended_) return false;
    asio::post(*pool_, [this, work] {
      waiting_.fetch_sub(1);
      work();
    });
    return true;
  }

  const std::size_t threads_;
  const std::size_t most_;
  std::mutex mutex_;
  std::optional<asio::thread_pool> pool_;
  std::atomic<std::size_t> waiting_ = 0;
  bool ended_ = false;
};

}  // namespace hawser::cable::detail
