// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/query.hpp>

namespace hawser::detail {

/// The executors of one type that objects of one context use. They are destroyed with the context,
/// because the destructor of a strand uses its context.
template <class Executor>
class kept_executors final : public asio::execution_context::service {
 public:
  using key_type = kept_executors;
  static inline asio::execution_context::id id;

  /// Shared with the objects, some of which outlive this service.
  class list {
   public:
    using place = typename std::list<Executor>::iterator;

    place add(const Executor& one) {
      const std::lock_guard guard{mutex_};
      return executors_.insert(executors_.end(), one);
    }

    void remove(place one) noexcept {
      const std::lock_guard guard{mutex_};
      if (!ended_) executors_.erase(one);
    }

    void end() noexcept {
      const std::lock_guard guard{mutex_};
      executors_.clear();
      ended_ = true;
    }

   private:
    std::mutex mutex_;
    std::list<Executor> executors_;
    bool ended_ = false;
  };

  explicit kept_executors(asio::execution_context& context)
      : asio::execution_context::service{context} {}

  const std::shared_ptr<list> all = std::make_shared<list>();

 private:
  void shutdown() override { all->end(); }
};

/// An executor in an object that may outlive the execution context.
template <class Executor>
class kept_executor {
  using kept = kept_executors<Executor>;

 public:
  explicit kept_executor(const Executor& executor)
      : all_{asio::use_service<kept>(
                 asio::query(asio::any_io_executor{executor}, asio::execution::context))
                 .all},
        place_{all_->add(executor)} {}
  ~kept_executor() { all_->remove(place_); }
  kept_executor(const kept_executor&) = delete;
  kept_executor& operator=(const kept_executor&) = delete;

  /// Must be called only while the context exists.
  const Executor& get() const noexcept { return *place_; }

 private:
  const std::shared_ptr<typename kept::list> all_;
  const typename kept::list::place place_;
};

/// The executor of an io_context is only a pointer.
template <>
class kept_executor<asio::io_context::executor_type> {
 public:
  explicit kept_executor(asio::io_context::executor_type executor)
      : executor_{std::move(executor)} {}

  const asio::io_context::executor_type& get() const noexcept { return executor_; }

 private:
  const asio::io_context::executor_type executor_;
};

}  // namespace hawser::detail
