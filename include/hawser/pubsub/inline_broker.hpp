// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/delivery/delivery_loop.hpp"
#include "hawser/pubsub/delivery/membership.hpp"
#include "hawser/pubsub/delivery/subscriptions.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser {

/// A broker that delivers within publish(), for tests and for programs of one thread. The executors of the
/// subscribers are not used.
///
/// One thread delivers at a time, and other threads that publish wait for it. A publication of a handler is
/// delivered after the current one, before the outer publish() returns. If handlers throw, the others are called
/// nevertheless, and the outer publish() throws the first exception.
class inline_broker {
 public:
  /// See `broker`.
  std::error_code publish(publication published) {
    if (const auto ec = error_of(published)) return ec;
    const std::lock_guard guard{delivering_};
    queue_.push_back(std::make_shared<const publication>(std::move(published)));
    if (!std::exchange(is_delivering_, true)) deliver_all();
    return {};
  }

  /// See `broker`. The acknowledgement is called within this function.
  std::error_code subscribe(const std::shared_ptr<subscriber>& to, std::string_view pattern,
                            const acknowledgement& live = {}) {
    return all_.add(to, pattern, live, true);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from, std::string_view pattern) {
    all_.remove(from.get(), pattern);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from) { all_.remove(from.get()); }
  void shutdown() { all_.end(); }

  /// The error that publish() would return.
  std::error_code error_of(const publication& published) const {
    const auto ec = detail::subscriptions::error_of(published);
    return !ec && all_.have_ended() ? errc::closed : ec;
  }

  /// The number of subscriptions of all subscribers.
  std::size_t subscriptions() const { return all_.size(); }

  /// The number of subscriptions of exactly this topic or pattern.
  std::size_t subscriptions(std::string_view pattern) { return all_.count(pattern); }

 private:
  void deliver_all() {
    std::exception_ptr first;
    while (!queue_.empty()) {
      const auto next = std::move(queue_.front());
      queue_.pop_front();
      const auto failure = deliver(next);
      if (!first) first = failure;
    }
    is_delivering_ = false;
    if (first) std::rethrow_exception(first);
  }

  std::exception_ptr deliver(const std::shared_ptr<const publication>& next) {
    try {
      detail::memberships here;
      std::size_t refused = 0;
      all_.publish(next, here, refused);
      return detail::deliver_here(*next, here);
    } catch (...) {
      return std::current_exception();
    }
  }

  detail::subscriptions all_{detail::no_limit};
  std::recursive_mutex delivering_;
  bool is_delivering_ = false;
  std::deque<std::shared_ptr<const publication>> queue_;
};

static_assert(broker<inline_broker>);

}  // namespace hawser
