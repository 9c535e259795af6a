// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <new>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/recycling_allocator.hpp>

#include "hawser/asio/driver/wrapped_handler.hpp"

namespace hawser::detail {

/// A pending operation, independent of the type of its handler. It ends with one call of complete()
/// or abandon(), which also destroys it.
class operation {
 public:
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;

  /// Posts the handler, first to the stream's executor and then to its own, so the handler never
  /// runs inside this call.
  virtual void complete(std::error_code ec) = 0;

  /// Destroys the handler without calling it.
  virtual void abandon() noexcept = 0;

  operation* behind = nullptr;  ///< For operation_queue

 protected:
  operation() = default;
  ~operation() = default;
};

/// Abandons an operation that is not completed.
struct abandoning {
  void operator()(operation* one) const noexcept { one->abandon(); }
};
using operation_ptr = std::unique_ptr<operation, abandoning>;

/// Operations in the order in which they began.
template <class Kind>
class operation_queue {
 public:
  operation_queue() = default;
  operation_queue(const operation_queue&) = delete;
  operation_queue& operator=(const operation_queue&) = delete;
  ~operation_queue() { abandon(); }

  bool empty() const noexcept { return first_ == nullptr; }
  Kind& front() noexcept { return *static_cast<Kind*>(first_); }

  void push(Kind& one) noexcept {
    (empty() ? first_ : last_->behind) = &one;
    last_ = &one;
  }

  Kind& pop() noexcept { return take(front()); }

  /// Removes one, at any position.
  Kind& take(Kind& one) noexcept {
    operation* before = nullptr;
    for (auto* each = first_; each != &one; each = each->behind) before = each;
    (before == nullptr ? first_ : before->behind) = one.behind;
    if (last_ == &one) last_ = before;
    return one;
  }

  /// Completes those for which `is_meant` returns true.
  template <class Predicate>
  void complete_if(Predicate is_meant, std::error_code ec) {
    for (auto* each = first_; each != nullptr;) {
      auto& one = *static_cast<Kind*>(each);
      each = each->behind;
      if (is_meant(one)) take(one).complete(ec);
    }
  }

  void complete_all(std::error_code ec) {
    while (!empty()) pop().complete(ec);
  }

  /// Abandons all. Destroying the handlers may destroy the owner of this queue.
  void abandon() noexcept {
    for (auto* each = std::exchange(first_, nullptr); each != nullptr;) {
      std::exchange(each, each->behind)->abandon();
    }
  }

  template <class Visitor>
  void for_each(Visitor visit) {
    for (auto* each = first_; each != nullptr; each = each->behind) {
      visit(*static_cast<Kind*>(each));
    }
  }

 private:
  operation* first_ = nullptr;
  operation* last_ = nullptr;
};

template <class Handler>
using allocator_of = asio::associated_allocator_t<Handler, asio::recycling_allocator<void>>;

template <class Handler>
allocator_of<Handler> get_allocator_of(const Handler& handler) noexcept {
  return asio::get_associated_allocator(handler, asio::recycling_allocator<void>{});
}

/// A handler that is posted to its executor, with everything that is associated with it.
template <class Handler>
struct completed_handler {
  using wrapped_handler = Handler;

  Handler handler;
  std::error_code ec;

  void operator()() { std::move(handler)(ec); }
};

/// An operation that gives its input back if it is cancelled before its handler runs: its `receipt`, if there
/// is one, is shared with the function in the handler's cancellation slot. See delivery_receipt.
template <class Kind>
concept returns_input = requires(Kind& one) {
  one.receipt->complete();
  one.make_receipt();
};

/// Runs on the executor of the stream, where the operation may be cancelled, before the handler is called.
template <class Handler, class Work, class Receipt>
class delivered_handler {
 public:
  using allocator_type = allocator_of<Handler>;

  delivered_handler(Handler handler, Work work, std::shared_ptr<Receipt> receipt)
      : handler_{std::move(handler)}, work_{std::move(work)}, receipt_{std::move(receipt)} {}
  delivered_handler(delivered_handler&&) noexcept = default;
  delivered_handler& operator=(delivered_handler&&) = delete;
  ~delivered_handler() {
    if (receipt_) receipt_->end();
  }

  allocator_type get_allocator() const noexcept { return get_allocator_of(handler_); }

  void operator()() {
    asio::get_associated_cancellation_slot(handler_).clear();
    std::error_code ec;
    if (std::exchange(receipt_, nullptr)->end()) ec = asio::error::operation_aborted;
    const auto work = std::move(work_);
    asio::dispatch(work.get_executor(), completed_handler<Handler>{std::move(handler_), ec});
  }

 private:
  Handler handler_;
  Work work_;
  std::shared_ptr<Receipt> receipt_;
};

/// An operation of type `Kind` with its handler. Uses the handler's allocator, and keeps the
/// handler's executor busy.
template <class Kind, class Handler, class Executor>
class pending_operation final : public Kind {
  using allocator = typename std::allocator_traits<allocator_of<Handler>>::template rebind_alloc<
      pending_operation>;
  using memory = std::allocator_traits<allocator>;

 public:
  template <class... Facts>
  static Kind& make(Handler& handler, const Executor& executor, Facts&&... facts) {
    allocator from{get_allocator_of(handler)};
    const auto place = memory::allocate(from, 1);
    try {
      return *new (static_cast<void*>(std::to_address(place)))
          pending_operation{handler, executor, std::forward<Facts>(facts)...};
    } catch (...) {
      memory::deallocate(from, place, 1);
      throw;
    }
  }

  void complete(std::error_code ec) override {
    if constexpr (returns_input<Kind>) {
      if (!ec && this->receipt) return hand_over();
    }
    // From here on, cancellation has no effect.
    if (auto slot = asio::get_associated_cancellation_slot(handler_); slot.is_connected()) {
      slot.clear();
    }
    const auto work = std::move(work_);
    const auto executor = executor_;
    completed_handler<Handler> done{std::move(handler_), ec};
    destroy(get_allocator_of(done.handler));
    asio::post(executor, std::move(done));
  }

  void abandon() noexcept override {
    // The memory may belong to an object that the handler owns, so the handler is destroyed last.
    const auto handler = std::move(handler_);
    destroy(get_allocator_of(handler));
  }

 private:
  template <class... Facts>
  pending_operation(Handler& handler, const Executor& executor, Facts&&... facts)
      : Kind{std::forward<Facts>(facts)...},
        executor_{executor},
        work_{asio::make_work_guard(handler, executor)},
        handler_{std::move(handler)} {}
  ~pending_operation() = default;

  void hand_over() {
    auto shared = std::move(this->receipt);
    shared->complete();
    auto work = std::move(work_);
    const auto executor = executor_;
    auto handler = std::move(handler_);
    destroy(get_allocator_of(handler));
    asio::post(executor, delivered_handler{std::move(handler), std::move(work), std::move(shared)});
  }

  void destroy(const allocator_of<Handler>& handlers) noexcept {
    allocator from{handlers};
    const auto place = std::pointer_traits<typename memory::pointer>::pointer_to(*this);
    this->~pending_operation();
    memory::deallocate(from, place, 1);
  }

  const Executor executor_;
  asio::executor_work_guard<asio::associated_executor_t<Handler, Executor>> work_;
  Handler handler_;
};

/// Makes an operation of `handler`. Cancellation calls `cancel(type, operation)`, or `cancel(type, receipt)` if
/// the operation has completed with input.
template <class Kind, class Handler, class Executor, class Cancel, class... Facts>
Kind& begin_operation(Handler handler, const Executor& executor, Cancel cancel, Facts&&... facts) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  auto& one = pending_operation<Kind, Handler, Executor>::make(handler, executor,
                                                               std::forward<Facts>(facts)...);
  if (!slot.is_connected()) return one;
  operation_ptr owned{&one};
  // Completing the operation clears the function from the slot, so it calls a copy.
  if constexpr (returns_input<Kind>) {
    one.make_receipt();
    slot.assign([cancel, &one, receipt = one.receipt](asio::cancellation_type_t type) {
      auto copy = cancel;
      const auto kept = receipt;
      kept->is_pending() ? std::move(copy)(type, one) : std::move(copy)(type, *kept);
    });
  } else {
    slot.assign([cancel, &one](asio::cancellation_type_t type) {
      auto copy = cancel;
      std::move(copy)(type, one);
    });
  }
  static_cast<void>(owned.release());
  return one;
}

}  // namespace hawser::detail
