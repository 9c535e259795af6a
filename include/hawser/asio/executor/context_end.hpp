// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>

#include <asio/any_io_executor.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>

namespace hawser::detail {

/// Reports the end of an execution context to objects that keep handlers, which are then never
/// called. A handler may own the object that keeps it, for example through a coroutine's frame;
/// without this report the two would never be destroyed.
class context_end final : public asio::execution_context::service {
  class list;

 public:
  using key_type = context_end;
  static inline asio::execution_context::id id;

  /// An object that gets the report, from its construction to its destruction. It may outlive the
  /// context, and must not be destroyed by another thread while the context is destroyed.
  class listener {
   public:
    explicit listener(const asio::any_io_executor& executor);
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    /// Abandons the handlers; may destroy this object. Called at most once.
    virtual void context_ends() noexcept = 0;

    // For `list` only. A friend could destroy a listener: -Wnon-virtual-dtor.
    struct {
      listener* previous = nullptr;
      listener* next = nullptr;
    } in_list;

   protected:
    ~listener() { leave(); }

    /// No report comes after this call.
    void leave() noexcept;

   private:
    const std::shared_ptr<list> all_;
  };

  explicit context_end(asio::execution_context& context)
      : asio::execution_context::service{context} {}

 private:
  void shutdown() override;

  // shared with the listeners, some of which outlive this service
  const std::shared_ptr<list> all_ = std::make_shared<list>();
};

/// The listeners of one context.
class context_end::list {
 public:
  void add(listener& one) {
    const std::lock_guard guard{mutex_};
    one.in_list.next = first_;
    if (first_ != nullptr) first_->in_list.previous = &one;
    first_ = &one;
  }

  void remove(listener& one) noexcept {
    const std::lock_guard guard{mutex_};
    unlink(one);
  }

  listener* pop() noexcept {
    const std::lock_guard guard{mutex_};
    auto* const one = first_;
    if (one != nullptr) unlink(*one);
    return one;
  }

 private:
  void unlink(listener& one) noexcept {
    if (one.in_list.previous == nullptr && first_ != &one) return;
    (one.in_list.previous == nullptr ? first_ : one.in_list.previous->in_list.next) =
        one.in_list.next;
    if (one.in_list.next != nullptr) one.in_list.next->in_list.previous = one.in_list.previous;
    one.in_list.previous = one.in_list.next = nullptr;
  }

  std::mutex mutex_;
  listener* first_ = nullptr;
};

inline context_end::listener::listener(const asio::any_io_executor& executor)
    : all_{asio::use_service<context_end>(asio::query(executor, asio::execution::context)).all_} {
  all_->add(*this);
}

inline void context_end::listener::leave() noexcept { all_->remove(*this); }

inline void context_end::shutdown() {
  while (auto* const one = all_->pop()) one->context_ends();
}

}  // namespace hawser::detail
