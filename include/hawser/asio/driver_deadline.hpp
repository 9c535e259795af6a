// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include <asio/post.hpp>

#include "hawser/asio/deadlines.hpp"

namespace hawser::detail {

/// The next deadline of a driver. After it has passed, the driver's `on_deadline()` is called on
/// the driver's executor, if the driver still exists.
template <class Driver>
class driver_deadline final : deadlines::entry {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `owner` has this object as a member, and calls cancel() before its context is destroyed.
  driver_deadline(Driver& owner, deadlines all) : owner_{owner}, deadlines_{std::move(all)} {}

  /// Calls at `when` at the latest; keeps an earlier deadline.
  void set_at_latest(time_point when) {
    if (when >= due_) return;
    due_ = when;
    deadlines_.set(*this, when);
  }

  void cancel() noexcept { deadlines_.cancel(*this); }

  /// Whether the deadline has passed at `now`, and the call is pending.
  bool is_due(time_point now) const noexcept { return due_ != never && due_ <= now; }

  /// The call has happened.
  void reset() noexcept { due_ = never; }

 private:
  static constexpr auto never = (time_point::max)();

  void expired() override {
    auto owner = owner_.weak_from_this().lock();
    if (!owner) return;
    const auto executor = owner->get_executor();
    asio::post(executor, [owner = std::move(owner)] { owner->on_deadline(); });
  }

  Driver& owner_;
  const deadlines deadlines_;
  time_point due_ = never;
};

}  // namespace hawser::detail
