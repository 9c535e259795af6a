// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>
#include <string_view>
#include <system_error>

#include <asio/any_io_executor.hpp>

#include "hawser/base/handler_function.hpp"
#include "hawser/pubsub/delivery/delivery_loop.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser {

/// A receiver of publications. Brokers identify it by its address, and own it while it has subscriptions. It may
/// outlive the context of its executor, after which it gets nothing.
class subscriber {
 public:
  /// Brokers call the functions on `executor`: one at a time, in the order of their causes, also if several
  /// threads run it.
  explicit subscriber(const asio::any_io_executor& executor)
      : loop_{detail::delivery_loop::of(executor)} {}

  /// Brokers call the functions within publish() and subscribe(), on the threads that call these, also at the
  /// same time. The functions must not call the broker, unless it is an inline_broker. A redis_broker calls them on
  /// its own thread, one at a time, and they may call it.
  subscriber() = default;

  /// A message was published to a subscribed topic. Called once for each publication, however many of the
  /// subscriber's patterns match. An exception leaves through the executor's run().
  handler_function<void(const publication&)> on_publication = {};

  /// Publications may have been lost, because the broker had no connection for a time. It has one again, and
  /// all subscriptions are live. Brokers within one process never call it.
  handler_function<void()> on_gap = {};

  /// For brokers: where they call the functions. Null without an executor.
  const std::shared_ptr<detail::delivery_loop>& loop() const noexcept { return loop_; }

 private:
  std::shared_ptr<detail::delivery_loop> loop_;
};

/// Reports that a subscription is live, or, with an error, that it failed and does not exist.
using acknowledgement = handler_function<void(std::error_code)>;

/// Passes publications from publishers to subscribers. All functions may be called on any thread, and none of
/// them waits for a peer.
///
/// `publish(publication)` fails with errc::bad_topic, with errc::invalid_utf8 if the message has an error(), with
/// errc::closed after shutdown(), or with an error of the broker. The subscribers of a topic get the publications
/// of one thread in the order of their publish() calls. Publications before a subscription is live are not
/// delivered to it.
///
/// `subscribe(subscriber, pattern, acknowledgement)` fails at once with errc::bad_topic or errc::closed.
/// Otherwise the acknowledgement, which may be empty, is called exactly once before the first publication of
/// the pattern, but not after unsubscribe() or shutdown(). A pattern that is already subscribed is
/// acknowledged again.
///
/// `unsubscribe(subscriber, pattern)` ends one subscription, `unsubscribe(subscriber)` all of the subscriber.
/// If it is called in a function of the subscriber, or on its executor while that runs on one thread or is a
/// strand, nothing more is delivered. Otherwise one call may be under way.
///
/// `shutdown()` ends all subscriptions; from then on only errc::closed is returned.
template <class T>
concept broker = requires(T& one, publication published, const std::shared_ptr<subscriber>& to,
                          std::string_view pattern, acknowledgement live) {
  { one.publish(published) } -> std::same_as<std::error_code>;
  { one.subscribe(to, pattern, live) } -> std::same_as<std::error_code>;
  { one.unsubscribe(to, pattern) } -> std::same_as<void>;
  { one.unsubscribe(to) } -> std::same_as<void>;
  { one.shutdown() } -> std::same_as<void>;
};

}  // namespace hawser
