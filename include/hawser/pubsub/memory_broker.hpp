// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/limit.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/delivery/subscriptions.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser {

struct memory_broker_options {
  /// How many bytes of publications may wait for one executor. A publication beyond that is not delivered to the
  /// subscribers on that executor, and counted as dropped. Zero: no limit.
  std::size_t max_queued_bytes = 64 * 1024 * 1024;
};

/// A broker within this process. Each subscriber is called on its own executor; one function is posted to an
/// executor for all publications and all subscribers that wait there, if it is that of an io_context itself, and
/// for each subscriber otherwise. All subscribers of a topic get its publications in one order.
///
/// It may be destroyed at any time except inside a call of its own functions. Nothing is delivered afterwards, apart
/// from calls that other threads have begun.
class memory_broker {
 public:
  explicit memory_broker(const memory_broker_options& options = {})
      : all_{limit_of(options.max_queued_bytes)} {}

  /// See `broker`. Throws std::bad_alloc; the publication may then have reached some of the subscribers.
  std::error_code publish(publication published) {
    if (const auto ec = detail::subscriptions::error_of(published)) return ec;
    const auto shared = std::make_shared<const publication>(std::move(published));
    detail::memberships here;
    std::size_t refused = 0;
    if (const auto ec = all_.publish(shared, here, refused)) return ec;
    if (refused != 0) dropped_.fetch_add(refused, std::memory_order_relaxed);
    if (const auto failure = detail::deliver_here(*shared, here)) std::rethrow_exception(failure);
    return {};
  }

  /// See `broker`.
  std::error_code subscribe(const std::shared_ptr<subscriber>& to, std::string_view pattern,
                            const acknowledgement& live = {}) {
    return all_.add(to, pattern, live);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from, std::string_view pattern) {
    all_.remove(from.get(), pattern);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from) { all_.remove(from.get()); }
  void shutdown() { all_.end(); }

  /// The number of subscriptions of all subscribers.
  std::size_t subscriptions() const { return all_.size(); }

  /// How many deliveries memory_broker_options::max_queued_bytes has prevented.
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  detail::subscriptions all_;
  std::atomic<std::uint64_t> dropped_ = 0;
};

static_assert(broker<memory_broker>);

}  // namespace hawser
