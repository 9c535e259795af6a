// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

#include "hawser/asio/session.hpp"
#include "hawser/base/error.hpp"
#include "hawser/pubsub/delivery/delivery_loop.hpp"
#include "hawser/pubsub/delivery/membership.hpp"
#include "hawser/pubsub/hub_options.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser::detail {

/// What the deliveries of a hub need of it. They may outlive it.
class hub_outcome {
 public:
  using hook = decltype(hub_options::on_dropped);

  explicit hub_outcome(hook on_dropped) : on_dropped_{std::move(on_dropped)} {}

  void count_delivered() noexcept { delivered_.fetch_add(1, std::memory_order_relaxed); }
  void count_dropped(std::uint64_t count) noexcept {
    dropped_.fetch_add(count, std::memory_order_relaxed);
  }

  void report_dropped(session& peer, const publication& missed, std::error_code why) noexcept {
    count_dropped(1);
    if (!on_dropped_) return;
    const std::lock_guard guard{mutex_};
    if (!ended_) on_dropped_(peer, missed, why);
  }

  /// Waits for the hook that another thread runs. It is not called from now on.
  void end() noexcept {
    const std::lock_guard guard{mutex_};
    ended_ = true;
  }

  std::uint64_t delivered() const noexcept { return delivered_.load(std::memory_order_relaxed); }
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> delivered_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::recursive_mutex mutex_;  // the hook may destroy the hub
  bool ended_ = false;
  const hook on_dropped_;
};

/// A session that has subscribed.
class hub_member final : public delivery_target {
 public:
  hub_member(session peer, std::shared_ptr<delivery_loop> loop,
             std::shared_ptr<hub_outcome> outcome)
      : delivery_target{std::move(loop)}, peer_{std::move(peer)}, outcome_{std::move(outcome)} {}

  void receive(const publication& published) override {
    if (std::ranges::binary_search(published.except, peer_.id())) return;
    const auto dropped = peer_.statistics().messages_dropped;
    auto ec = send(published);
    if (!ec && peer_.statistics().messages_dropped != dropped) ec = errc::send_budget_exceeded;
    if (!ec) {
      outcome_->count_delivered();
    } else if (ec != errc::closed) {
      outcome_->report_dropped(peer_, published, ec);
    }
  }

  bool has_turns() const noexcept override { return true; }
  void begin_turn() override { peer_.hold_output(); }
  void end_turn() noexcept override { peer_.release_output(); }

  std::uint64_t id() const noexcept { return peer_.id(); }

  bool has_left = false;  ///< The session has ended. Guarded by the lock of the hub.

 private:
  /// A session that misses a message for want of memory would not know it.
  std::error_code send(const publication& published) {
    try {
      return peer_.send(published.message);
    } catch (const std::bad_alloc&) {
      peer_.close_now();
      return errc::out_of_memory;
    }
  }

  session peer_;
  const std::shared_ptr<hub_outcome> outcome_;
};

}  // namespace hawser::detail
