// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include <asio/any_io_executor.hpp>

#include "hawser/pubsub/delivery/delivery_loop.hpp"
#include "hawser/pubsub/delivery/fan_out.hpp"
#include "hawser/pubsub/delivery/membership.hpp"

namespace hawser::cable::detail {

/// Runs functions of any thread on the executor of a connection, in order. Must be constructed while the context of
/// the executor exists, and may outlive it.
class mailbox {
 public:
  explicit mailbox(const asio::any_io_executor& executor)
      : to_{std::make_shared<const hawser::detail::memberships>(
            hawser::detail::memberships{std::make_shared<hawser::detail::membership>(
                std::make_shared<target>(hawser::detail::delivery_loop::of(executor)))})} {}
  ~mailbox() { close(); }
  mailbox(const mailbox&) = delete;
  mailbox& operator=(const mailbox&) = delete;

  /// Posts to a mailbox, and may outlive it. Cheap to copy.
  class address {
   public:
    /// `call` must not throw. Without an effect after close() and after the end of the context.
    void post(std::function<void()> call) const {
      to_->front()->to->loop()->push({nullptr, to_, std::move(call)}, hawser::detail::no_limit);
    }

   private:
    friend mailbox;
    explicit address(std::shared_ptr<const hawser::detail::memberships> to) : to_{std::move(to)} {}

    std::shared_ptr<const hawser::detail::memberships> to_;
  };

  address get_address() const { return address{to_}; }

  /// Nothing more is called, apart from a call that another thread has begun.
  void close() noexcept { to_->front()->is_live.store(false, std::memory_order_release); }

 private:
  class target final : public hawser::detail::delivery_target {
   public:
    using delivery_target::delivery_target;
    void receive(const publication&) override {}
  };

  const std::shared_ptr<const hawser::detail::memberships> to_;
};

}  // namespace hawser::cable::detail
