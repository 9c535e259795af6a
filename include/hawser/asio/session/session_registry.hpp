// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/executor/context_end.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/session_state.hpp"

namespace hawser::detail {

/// The sessions of one context, for operations on all of them. When the context ends they are
/// abandoned. May be used on any thread.
class session_registry final : public std::enable_shared_from_this<session_registry>,
                               private context_end::listener {
 public:
  explicit session_registry(const asio::any_io_executor& executor)
      : context_end::listener{executor} {}

  /// A session's entry, from enter() until it leaves or is destroyed.
  class registration {
   public:
    registration(session_state& member, std::shared_ptr<session_registry> registry)
        : member_{member}, registry_{std::move(registry)} {}
    ~registration() { leave(); }
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;

    /// Call this once, when the session has owners: from now on other threads may share it.
    void enter() { registry_->link(*this); }

    /// Call this on the session's thread.
    void leave() {
      if (const auto registry = std::exchange(registry_, nullptr)) registry->unlink(*this);
    }

   private:
    friend session_registry;
    session_state& member_;
    std::shared_ptr<session_registry> registry_;
    registration* previous_ = nullptr;
    registration* next_ = nullptr;
  };

  /// Handles of all current sessions.
  std::vector<session> sessions() const {
    std::vector<session> all;
    const std::lock_guard guard{mutex_};
    for (auto* one = first_; one != nullptr; one = one->next_) {
      if (auto state = one->member_.share()) all.emplace_back(std::move(state));
    }
    return all;
  }

  /// Ends all of them, and calls no handler. Executors that other threads may run must be lockable.
  void abandon() {
    // The last session that leaves may have the last pointer to this object.
    const auto self = weak_from_this().lock();
    while (const auto state = take()) {
      const auto held = state->hold();
      state->abandon();
    }
  }

 private:
  void context_ends() noexcept override {
    leave();
    const auto self = weak_from_this().lock();
    while (const auto state = take()) state->abandon();
  }

  void link(registration& one) {
    const std::lock_guard guard{mutex_};
    one.next_ = std::exchange(first_, &one);
    if (one.next_ != nullptr) one.next_->previous_ = &one;
  }

  void unlink(registration& one) {
    const std::lock_guard guard{mutex_};
    if (one.previous_ == nullptr && first_ != &one) return;  // has not entered
    (one.previous_ == nullptr ? first_ : one.previous_->next_) = one.next_;
    if (one.next_ != nullptr) one.next_->previous_ = one.previous_;
    one.previous_ = one.next_ = nullptr;
  }

  /// Removes any one session that still has an owner, or returns null. It may leave later nevertheless.
  std::shared_ptr<session_state> take() {
    const std::lock_guard guard{mutex_};
    while (auto* const one = first_) {
      first_ = std::exchange(one->next_, nullptr);
      if (first_ != nullptr) first_->previous_ = nullptr;
      if (auto state = one->member_.share()) return state;
    }
    return nullptr;
  }

  mutable std::mutex mutex_;
  registration* first_ = nullptr;
};

}  // namespace hawser::detail
