// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mutex>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>

namespace hawser::detail {

/// Tells those who keep handlers that the execution context ends, and nobody will call them. A handler
/// may own, through a coroutine's frame for example, the very object that keeps it: then nothing
/// else would ever destroy the two.
class context_end final : public asio::execution_context::service {
 public:
  using key_type = context_end;
  static inline asio::execution_context::id id;

  /// One who is told, from its construction to its destruction.
  class listener {
   public:
    explicit listener(const asio::any_io_executor& executor)
        : end_{&asio::use_service<context_end>(executor.context())} {
      end_->add(*this);
    }
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    /// Abandons the handlers; may destroy this object.
    virtual void context_ends() noexcept = 0;

    listener* previous = nullptr;  ///< For context_end, as `next`
    listener* next = nullptr;

   protected:
    ~listener() { leave(); }

    /// Is told no more, and does not need the context any longer.
    void leave() noexcept {
      if (auto* const end = std::exchange(end_, nullptr)) end->remove(*this);
    }

   private:
    context_end* end_;
  };

  explicit context_end(asio::execution_context& context)
      : asio::execution_context::service{context} {}

  void add(listener& one) {
    const std::lock_guard guard{mutex_};
    one.next = first_;
    if (first_ != nullptr) first_->previous = &one;
    first_ = &one;
  }

  void remove(listener& one) noexcept {
    const std::lock_guard guard{mutex_};
    unlink(one);
  }

 private:
  void shutdown() override {
    while (auto* const one = pop()) one->context_ends();
  }

  listener* pop() noexcept {
    const std::lock_guard guard{mutex_};
    auto* const one = first_;
    if (one != nullptr) unlink(*one);
    return one;
  }

  void unlink(listener& one) noexcept {
    if (one.previous == nullptr && first_ != &one) return;
    (one.previous == nullptr ? first_ : one.previous->next) = one.next;
    if (one.next != nullptr) one.next->previous = one.previous;
    one.previous = one.next = nullptr;
  }

  std::mutex mutex_;
  listener* first_ = nullptr;
};

}  // namespace hawser::detail
