// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include <asio/post.hpp>

#include "hawser/asio/executor/deadlines.hpp"

namespace hawser::detail {

/// A deadline of an object that is owned by a shared_ptr. After it has passed, `Step` is called on
/// the owner's executor, if the owner still exists and the deadline was not set to a later time or
/// cancelled meanwhile. Call all functions on that executor.
template <class Owner, void (Owner::*Step)()>
class owned_deadline final : deadlines::entry {
 public:
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;

  /// `owner` has this object as a member.
  template <class Executor>
  owned_deadline(Owner& owner, const Executor& executor)
      : owner_{owner}, deadlines_{deadlines::of(executor)} {}
  ~owned_deadline() { deadlines_.cancel(*this); }

  /// Calls once, at `when`, which replaces the previous time. max(): never.
  void set(time_point when) {
    due_ = when;
    deadlines_.set(*this, when);
  }

  /// Calls at `when`, unless an earlier time is set.
  void set_at_latest(time_point when) {
    if (when < due_) set(when);
  }

  void cancel() noexcept {
    due_ = never;
    deadlines_.cancel(*this);
  }

  /// The time of the context's clock.
  time_point now() const noexcept { return deadlines_.now(); }

  /// Whether the deadline has passed at `now`, and the call is pending.
  bool is_due(time_point now) const noexcept { return due_ != never && due_ <= now; }

 private:
  static constexpr auto never = (time_point::max)();

  void expired(std::shared_ptr<const void>& kept) override {
    auto held = owner_.weak_from_this().lock();
    if (!held) return;
    kept = held;
    const auto executor = owner_.get_executor();
    asio::post(executor, [this, held = std::move(held)] { call(); });
  }

  void call() {
    if (!is_due(now())) return;
    due_ = never;
    (owner_.*Step)();
  }

  Owner& owner_;
  const deadlines deadlines_;
  time_point due_ = never;
};

}  // namespace hawser::detail
