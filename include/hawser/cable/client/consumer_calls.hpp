// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <atomic>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/client/subscription_table.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable::detail {

/// The subscriptions of a consumer for all threads, and the calls of their handlers on the strand.
class consumer_calls {
 public:
  consumer_calls(const consumer_options& options, consumer_handlers handlers)
      : table_{options.max_subscribes, options.max_queued},
        handlers_{std::make_shared<const consumer_handlers>(std::move(handlers))} {}

  /// May be called on any thread: the table is locked in `act`, which must call nothing of the application.
  template <class Act>
  auto with_table(Act act) {
    const std::lock_guard guard{mutex_};
    return act(table_);
  }

  bool is_abandoned() const noexcept { return abandoned_; }

  /// Calls no handler from now on, ends all subscriptions, and returns them.
  std::vector<std::shared_ptr<subscriber>> abandon() {
    std::vector<std::shared_ptr<subscriber>> ended;
    // The handlers may own anything, so they are destroyed after the lock is released.
    std::vector<std::shared_ptr<const subscription_handlers>> released;
    std::deque<notice> dropped;
    const auto handlers = std::move(handlers_);
    const std::lock_guard guard{mutex_};
    abandoned_ = true;
    table_.end_all();
    dropped.swap(table_.notices);
    for (auto& one : dropped) {
      released.push_back(std::exchange(one.to->handlers, nullptr));
      ended.push_back(std::move(one.to));
    }
    return ended;
  }

  // On the strand.

  /// Calls `act` with the consumer's handlers.
  template <class Act>
  void call(Act act) {
    if (abandoned_) return;
    const auto handlers = handlers_;
    try {
      act(*handlers);
    } catch (...) {
      report(std::current_exception());
    }
  }

  void report(const std::exception_ptr& thrown) {
    const auto handlers = handlers_;
    if (abandoned_ || !handlers->on_error) return;
    try {
      handlers->on_error(thrown);
    } catch (...) {
      // An exception of the last handler has no receiver.
    }
  }

  /// Informs the subscriptions. A handler may call it again, which leaves the work to the first call.
  void inform_all() {
    if (is_informing_) return;
    is_informing_ = true;
    try {
      while (const auto next = take_notice()) inform(*next);
    } catch (...) {
      is_informing_ = false;
      throw;
    }
    is_informing_ = false;
  }

  /// How many messages wait for receive().
  std::size_t unread() const noexcept { return unread_; }

  std::optional<json> take(subscriber& of) {
    if (!of.has_unread()) return std::nullopt;
    --unread_;
    return of.take();
  }

 private:
  std::optional<notice> take_notice() {
    const std::lock_guard guard{mutex_};
    if (table_.notices.empty()) return std::nullopt;
    std::optional next{std::move(table_.notices.front())};
    table_.notices.pop_front();
    return next;
  }

  void inform(const notice& of) {
    auto& to = *of.to;
    const auto handlers = handlers_of(to, of.what);
    switch (of.what) {
      case notice::kind::initialized:
        if (handlers) guarded(handlers->on_initialized);
        break;
      case notice::kind::connected:
        to.connected(of.connected);
        if (handlers) guarded(handlers->on_connected, of.connected);
        break;
      case notice::kind::disconnected:
        to.disconnected(of.disconnected.will_reconnect);
        if (handlers) guarded(handlers->on_disconnected, of.disconnected);
        break;
      case notice::kind::rejected:
        if (handlers) guarded(handlers->on_rejected, of.cause);
        break;
      case notice::kind::received:
        if (handlers) receive(to, *handlers, *of.message);
        break;
      case notice::kind::presence:
        if (handlers) guarded(handlers->on_presence, *of.presence);
        break;
      case notice::kind::ended:
        if (of.cause == errc::unsubscribed) unread_ -= to.drop_unread();
        to.stop(of.cause);
        break;
    }
  }

  void receive(subscriber& to, const subscription_handlers& handlers, const json& message) {
    if (handlers.on_received) return guarded(handlers.on_received, message);
    to.store(message);
    ++unread_;
  }

  /// The handlers to call, which the last notice releases. None after unsubscribe().
  std::shared_ptr<const subscription_handlers> handlers_of(subscriber& of, notice::kind what) {
    const std::lock_guard guard{mutex_};
    if (what == notice::kind::ended) return std::exchange(of.handlers, nullptr);
    return of.ended && what != notice::kind::rejected ? nullptr : of.handlers;
  }

  template <class Hook, class... Values>
  void guarded(const Hook& hook, const Values&... values) {
    if (!hook || abandoned_) return;
    try {
      hook(values...);
    } catch (...) {
      report(std::current_exception());
    }
  }

  std::mutex mutex_;  // guards the table, and what class subscriber says
  subscription_table table_;
  std::atomic<bool> abandoned_ = false;

  std::shared_ptr<const consumer_handlers> handlers_;
  std::size_t unread_ = 0;
  bool is_informing_ = false;
};

}  // namespace hawser::cable::detail
